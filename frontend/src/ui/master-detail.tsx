import type { CSSProperties, ReactNode } from 'react'

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
      // A row of a phone has two lines.
      className="grid h-full grid-cols-[minmax(0,1fr)] grid-rows-[min(40%,calc(var(--rows)*28px+36px))_1fr] max-sm:grid-rows-[min(40%,calc(var(--rows)*52px))_1fr]"
      style={{ '--rows': rows } as CSSProperties}
    >
      <div className="min-h-0 border-b border-line-strong">{master}</div>
      <div className="min-h-0 overflow-auto">{detail}</div>
    </div>
  )
}
