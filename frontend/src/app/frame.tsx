import { Link, Outlet, useNavigate } from '@tanstack/react-router'
import { Command, Database, FileJson2, ListTree, Moon, Play, Sun } from 'lucide-react'
import { lazy, Suspense, useEffect, useState } from 'react'

import { IconButton } from '@/ui/button'
import { ScreenToolsProvider } from '@/ui/screen'
import { useShortcut } from '@/ui/shortcuts'
import { useTheme } from '@/ui/theme'
import { Toasts } from '@/ui/toasts'
import { TooltipProvider } from '@/ui/tooltip'

import { LiveStatus } from './live-status'
import { useEndedRunToasts } from './use-ended-run-toasts'

const loadPalette = () => import('./command-palette').then((module) => ({ default: module.CommandPalette }))
const CommandPalette = lazy(loadPalette)
const ShortcutList = lazy(() => import('./shortcut-list').then((module) => ({ default: module.ShortcutList })))

const SCREENS = [
  { to: '/', label: 'Run', Icon: Play },
  { to: '/runs', label: 'Runs', Icon: ListTree },
  { to: '/data', label: 'Data', Icon: Database },
  { to: '/configs', label: 'Configs', Icon: FileJson2 },
] as const

/** Layout around every screen: the navigation rail, the tools at the end of the bar, dialogs and toasts. */
export function Frame() {
  const [open, setOpen] = useState<'palette' | 'shortcuts'>()
  const navigate = useNavigate()
  const [theme, setTheme] = useTheme()
  const switchTheme = () => {
    setTheme(theme === 'dark' ? 'light' : 'dark')
  }
  useShortcut('mod+k', 'Find a run, a config or a command', () => {
    setOpen('palette')
  })
  useShortcut('?', 'Show keyboard shortcuts', () => {
    setOpen('shortcuts')
  })
  useShortcut('g r', 'Go to Run', () => void navigate({ to: '/' }))
  useShortcut('g l', 'Go to Runs', () => void navigate({ to: '/runs' }))
  useShortcut('g d', 'Go to Data', () => void navigate({ to: '/data' }))
  useShortcut('g c', 'Go to Configs', () => void navigate({ to: '/configs' }))
  useShortcut('t', 'Switch theme', switchTheme)
  useEndedRunToasts()
  useEffect(() => {
    // People type right after opening the palette, so it is preloaded, but only after the screen has loaded.
    const timer = setTimeout(() => void loadPalette(), 1_000)
    return () => {
      clearTimeout(timer)
    }
  }, [])

  const close = () => {
    setOpen(undefined)
  }
  const tools = (
    <>
      <LiveStatus />
      <IconButton
        Icon={Command}
        label="Commands"
        onClick={() => {
          setOpen('palette')
        }}
      />
      <IconButton
        Icon={theme === 'dark' ? Sun : Moon}
        label={theme === 'dark' ? 'Light theme' : 'Dark theme'}
        onClick={switchTheme}
      />
    </>
  )
  return (
    <TooltipProvider delay={400}>
      <div className="flex h-full flex-col-reverse sm:flex-row">
        <nav
          aria-label="Screens"
          className="flex shrink-0 border-line bg-surface max-sm:justify-around max-sm:border-t sm:w-15 sm:flex-col sm:border-r sm:pt-1"
        >
          {SCREENS.map(({ to, label, Icon }) => (
            <Link
              key={to}
              to={to}
              activeOptions={{ exact: to === '/', includeSearch: false }}
              className="flex flex-col items-center gap-1 px-3 py-2 text-2xs text-faint -outline-offset-2 transition-colors duration-100 hover:text-text data-[status=active]:text-accent"
            >
              <Icon size={17} strokeWidth={1.6} aria-hidden />
              {label}
            </Link>
          ))}
        </nav>
        <div className="min-h-0 min-w-0 flex-1">
          <ScreenToolsProvider value={tools}>
            <Outlet />
          </ScreenToolsProvider>
        </div>
      </div>
      <Suspense>
        {open === 'palette' && (
          <CommandPalette
            onClose={close}
            onShortcuts={() => {
              setOpen('shortcuts')
            }}
            onTheme={switchTheme}
          />
        )}
        {open === 'shortcuts' && <ShortcutList onClose={close} />}
      </Suspense>
      <Toasts />
    </TooltipProvider>
  )
}
