import { Link, Outlet } from '@tanstack/react-router'
import { Database, FileJson2, ListTree, Play } from 'lucide-react'

import { useLiveRuns, hasEnded } from '@/rpc/live-runs'

const SCREENS = [
  { to: '/', label: 'Run', Icon: Play },
  { to: '/runs', label: 'Runs', Icon: ListTree },
  { to: '/data', label: 'Data', Icon: Database },
  { to: '/configs', label: 'Configs', Icon: FileJson2 },
] as const

/** What stands around every screen: the rail of screens and the context bar. */
export function Frame() {
  const { state, status } = useLiveRuns()
  const live = [...state.values()].filter((run) => !hasEnded(run)).length
  return (
    <div className="grid h-full grid-cols-[64px_1fr] grid-rows-[40px_1fr]">
      <nav aria-label="Screens" className="row-span-2 flex flex-col border-r border-line bg-surface">
        {SCREENS.map(({ to, label, Icon }) => (
          <Link
            key={to}
            to={to}
            activeOptions={{ exact: to === '/' }}
            className="flex flex-col items-center gap-1 py-2 text-2xs text-faint hover:text-text data-[status=active]:text-accent"
          >
            <Icon size={16} strokeWidth={1.75} aria-hidden />
            {label}
          </Link>
        ))}
      </nav>
      <header className="flex items-center border-b border-line px-4">
        <span className="ml-auto text-xs text-muted">{status === 'open' ? `${live} live` : status}</span>
      </header>
      <Outlet />
    </div>
  )
}
