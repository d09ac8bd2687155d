import type { ReactNode } from 'react'

interface TwoLinesProps {
  top: ReactNode
  topEnd?: ReactNode
  bottom: ReactNode
  bottomEnd?: ReactNode
}

/** A row of a table as a phone has room for it: what it is and how it stands, then the rest, smaller. */
export function TwoLines({ top, topEnd, bottom, bottomEnd }: TwoLinesProps) {
  return (
    <>
      <div className="flex items-center gap-2 text-xs">
        <span className="figures min-w-0 truncate">{top}</span>
        <span className="ml-auto shrink-0">{topEnd}</span>
      </div>
      <div className="figures flex items-center gap-3 text-xs text-muted">
        <span className="min-w-0 truncate">{bottom}</span>
        <span className="ml-auto flex shrink-0 items-center gap-2 text-text">{bottomEnd}</span>
      </div>
    </>
  )
}
