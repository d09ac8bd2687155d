import type { ReactNode } from 'react'

/** A screen: its title in the browser's tab, a heading with what belongs beside it, and the content below. */
export function Screen({ title, actions, children }: { title: string; actions?: ReactNode; children: ReactNode }) {
  return (
    <main className="flex h-full min-w-0 flex-col">
      <title>{`${title} · Tickreel`}</title>
      <header className="flex h-11 shrink-0 items-center gap-3 border-b border-line px-4">
        <h1 className="truncate text-base font-medium">{title}</h1>
        <div className="ml-auto flex items-center gap-2">{actions}</div>
      </header>
      <div className="min-h-0 flex-1 overflow-auto">{children}</div>
    </main>
  )
}
