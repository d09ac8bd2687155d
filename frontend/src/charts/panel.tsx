import type { ReactNode } from 'react'

interface PanelProps {
  title: string
  /** What the panel shows at the crosshair. */
  readout: ReactNode
  /** The share of the stack's height. */
  grow: number
  children: ReactNode
}

/** A named chart of a stack, its values at the crosshair in its head. */
export function Panel({ title, readout, grow, children }: PanelProps) {
  return (
    <section aria-label={title} className="flex min-h-0 flex-col border-b border-line" style={{ flex: `${grow} 1 0` }}>
      <header className="flex h-6 shrink-0 items-center gap-3 overflow-hidden px-3 whitespace-nowrap">
        <h2 className="label">{title}</h2>
        <div className="figures flex items-center gap-3 text-2xs text-muted">{readout}</div>
      </header>
      <div className="relative min-h-0 flex-1">{children}</div>
    </section>
  )
}
