import type { ReactNode } from 'react'

interface TwoLinesProps {
  top: ReactNode
  topEnd?: ReactNode
  bottom: ReactNode
  bottomEnd?: ReactNode
}

/** Table row on a phone: title and state in the first line, the rest in a smaller second line. */
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
