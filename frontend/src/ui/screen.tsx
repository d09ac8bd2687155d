import { createContext, type ReactNode, use } from 'react'

const ToolsContext = createContext<ReactNode>(null)

/** Provides the tools at the right end of the bar of every screen. */
export const ScreenToolsProvider = ToolsContext

interface ScreenProps {
  title: string
  /** Title of the browser tab, if it differs from the title of the screen. */
  tabTitle?: string
  /** A few words beside the title. */
  context?: ReactNode
  /** Action buttons in the bar. */
  actions?: ReactNode
  children: ReactNode
}

/** A screen: a fixed bar with its title, and the content below. */
export function Screen({ title, tabTitle = title, context, actions, children }: ScreenProps) {
  return (
    <main className="flex h-full min-w-0 flex-col overflow-hidden">
      <title>{`${tabTitle} · Tickreel`}</title>
      {/* On a phone the context is below the title and the tools. */}
      <header className="flex min-h-11 shrink-0 flex-wrap items-center gap-x-4 border-b border-line pr-2 pl-4 sm:flex-nowrap">
        <h1 className="min-w-0 text-base font-medium max-sm:flex max-sm:min-h-11 max-sm:flex-1 max-sm:items-center max-sm:text-sm max-sm:wrap-anywhere sm:truncate">
          {title}
        </h1>
        <div className="flex min-w-0 flex-1 items-center gap-x-4 gap-y-2 max-sm:order-last max-sm:basis-full max-sm:flex-wrap max-sm:pb-2 max-sm:empty:hidden">
          {context && (
            <div className="flex min-w-0 flex-auto items-center gap-x-4 text-sm text-muted max-sm:flex-wrap sm:truncate">
              {context}
            </div>
          )}
          {actions && <div className="ml-auto flex shrink-0 items-center gap-2">{actions}</div>}
        </div>
        <div className="flex shrink-0 items-center gap-1 border-l border-line pl-2">{use(ToolsContext)}</div>
      </header>
      <div className="min-h-0 flex-1 overflow-auto">{children}</div>
    </main>
  )
}
