import type { CSSProperties, ReactNode } from 'react'

interface MasterDetailProps {
  /** Number of rows in the list, which limits its height; it takes at most two fifths. */
  rows: number
  master: ReactNode
  detail: ReactNode
}

/** A list above and the details of the selected row below. */
export function MasterDetail({ rows, master, detail }: MasterDetailProps) {
  return (
    <div
      // Rows have two lines on a phone.
      className="grid h-full grid-cols-[minmax(0,1fr)] grid-rows-[min(40%,calc(var(--rows)*28px+36px))_1fr] max-sm:grid-rows-[min(40%,calc(var(--rows)*52px))_1fr]"
      style={{ '--rows': rows } as CSSProperties}
    >
      <div className="min-h-0 border-b border-line-strong">{master}</div>
      <div className="min-h-0 overflow-auto">{detail}</div>
    </div>
  )
}
