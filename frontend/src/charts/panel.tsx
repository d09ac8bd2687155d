import type { ReactNode } from 'react'

import { classNames } from '@/ui/class-names'

interface PanelProps {
  title: string
  /** What the panel shows at the crosshair. */
  readout: ReactNode
  /** The share of the stack's height. */
  grow: number
  /** The height of the stack, in pixels, below which the panel gives its room to the others. */
  yieldsBelow?: keyof typeof GONE_BELOW | undefined
  children: ReactNode
}

const GONE_BELOW = {
  210: '[@container_stack_(height<210px)]:hidden',
  290: '[@container_stack_(height<290px)]:hidden',
}

/** A named chart of a stack, its values at the crosshair in its head. */
export function Panel({ title, readout, grow, yieldsBelow, children }: PanelProps) {
  return (
    <section
      aria-label={title}
      className={classNames('flex min-h-17 flex-col border-b border-line', yieldsBelow && GONE_BELOW[yieldsBelow])}
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
