import type { ReactNode } from 'react'

/** Nothing is here yet: one line that says what would be, and the way to it. */
export function EmptyState({ children, action }: { children: ReactNode; action?: ReactNode }) {
  return (
    <div className="flex h-full min-h-40 flex-col items-center justify-center gap-3 p-6 text-center text-sm text-muted">
      <p className="max-w-120">{children}</p>
      {action}
    </div>
  )
}
