import type { ReactNode } from 'react'

interface MasterDetailProps {
  /** How many rows the list has: it takes no more room than they need, and no more than two fifths. */
  rows: number
  master: ReactNode
  detail: ReactNode
}

/** A list above, and below it what the chosen row has in it. */
export function MasterDetail({ rows, master, detail }: MasterDetailProps) {
  return (
    <div
      className="grid h-full grid-cols-[minmax(0,1fr)]"
      style={{ gridTemplateRows: `min(40%, ${rows * 28 + 48}px) 1fr` }}
    >
      <div className="min-h-0 border-b border-line-strong">{master}</div>
      <div className="min-h-0 overflow-auto">{detail}</div>
    </div>
  )
}
