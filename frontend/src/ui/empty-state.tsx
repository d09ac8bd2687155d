import type { ReactNode } from 'react'

/** Placeholder for an empty view: one line and an optional action. */
export function EmptyState({ children, action }: { children: ReactNode; action?: ReactNode }) {
  return (
    <div className="flex h-full min-h-40 flex-col items-center justify-center gap-3 p-6 text-center text-sm text-muted">
      <p className="max-w-120">{children}</p>
      {action}
    </div>
  )
}
