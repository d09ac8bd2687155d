import { type KeyboardEvent, type PointerEvent, useState } from 'react'

/** Least share of the height of either side. */
const LEAST = 0.15
const STEP = 0.05

/** Share of the height of the upper side, stored in the browser. Setting undefined restores the initial share. */
export function useSplit(key: string, first: number): [number, (share: number | undefined) => void] {
  const [share, setShare] = useState(() => stored(key) ?? first)
  return [
    share,
    (chosen) => {
      const next = Math.min(Math.max(chosen ?? first, LEAST), 1 - LEAST)
      setShare(next)
      if (chosen === undefined) localStorage.removeItem(key)
      else localStorage.setItem(key, String(next))
    },
  ]
}

interface SplitterProps {
  /** Accessible name. */
  label: string
  share: number
  onShare: (share: number | undefined) => void
}

/** Divider between two parts of a column: drag it or use arrow keys; a double click resets it. */
export function Splitter({ label, share, onShare }: SplitterProps) {
  const onKeyDown = (event: KeyboardEvent) => {
    const wanted = { ArrowUp: share - STEP, ArrowDown: share + STEP, Home: LEAST, End: 1 - LEAST }[event.key]
    if (wanted === undefined) return
    event.preventDefault()
    onShare(wanted)
  }
  const onPointerMove = (event: PointerEvent<HTMLElement>) => {
    const column = event.currentTarget.parentElement
    if (column === null || !event.currentTarget.hasPointerCapture(event.pointerId)) return
    // Content above both parts, such as a hint, does not count.
    const top = event.currentTarget.previousElementSibling?.getBoundingClientRect().top ?? 0
    onShare((event.clientY - top) / (column.getBoundingClientRect().bottom - top))
  }
  return (
    <div
      role="separator"
      aria-orientation="horizontal"
      aria-label={label}
      aria-valuemin={LEAST * 100}
      aria-valuemax={100 - LEAST * 100}
      aria-valuenow={Math.round(share * 100)}
      tabIndex={0}
      onKeyDown={onKeyDown}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId)
      }}
      onPointerMove={onPointerMove}
      onDoubleClick={() => {
        onShare(undefined)
      }}
      className="group relative z-10 -my-1 flex h-2 shrink-0 cursor-row-resize touch-none items-center max-lg:hidden"
    >
      <div className="h-px w-full bg-line-strong group-hover:bg-accent group-focus-visible:bg-accent" />
      <div className="absolute left-1/2 h-1 w-8 -translate-x-1/2 rounded-sm bg-line-strong group-hover:bg-accent group-focus-visible:bg-accent" />
    </div>
  )
}

function stored(key: string): number | undefined {
  const share = Number(localStorage.getItem(key))
  return share >= LEAST && share <= 1 - LEAST ? share : undefined
}
