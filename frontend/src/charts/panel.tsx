import type { ReactNode } from 'react'

import { classNames } from '@/ui/class-names'

interface PanelProps {
  title: string
  /** Values at the crosshair. */
  readout: ReactNode
  /** Share of the height of the stack. */
  grow: number
  /** Height of the stack in pixels below which the panel is hidden. */
  hiddenBelow?: keyof typeof HIDDEN_BELOW | undefined
  children: ReactNode
}

const HIDDEN_BELOW = {
  210: '[@container_stack_(height<210px)]:hidden',
  290: '[@container_stack_(height<290px)]:hidden',
}

/** A titled chart of a stack, with the values at the crosshair in its header. */
export function Panel({ title, readout, grow, hiddenBelow, children }: PanelProps) {
  return (
    <section
      aria-label={title}
      className={classNames('flex min-h-17 flex-col border-b border-line', hiddenBelow && HIDDEN_BELOW[hiddenBelow])}
      style={{ flex: `${grow} 1 0` }}
    >
      <header className="flex h-6 shrink-0 items-center gap-3 overflow-hidden px-3 whitespace-nowrap">
        <h2 className="label">{title}</h2>
        <div className="figures flex items-center gap-3 text-2xs text-muted">{readout}</div>
      </header>
      <div className="relative min-h-0 flex-1">{children}</div>
    </section>
  )
}
