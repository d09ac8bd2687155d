import { type KeyboardEvent, type PointerEvent, useMemo, useRef, useState } from 'react'

import { formatCompact } from '@/ui/format/count'
import { formatInstant, formatTime, isoInstant, type Nanoseconds } from '@/ui/format/instant'

import { CoverageAxis, type Day, HOUR, SECOND, type Span } from './coverage'

interface CoverageBarProps {
  days: readonly Day[]
  start: Nanoseconds | undefined
  end: Nanoseconds | undefined
  onChange: (span: Span) => void
}

/** What a drag moves: one end of the window, the whole window, or the far end of a new one. */
type Grip = 'start' | 'end' | 'whole' | 'new'

/** Distance in pixels within which an end can be grabbed. */
const REACH = 8

/** Coverage of trades and books by day, with the window on top, which is moved by dragging or arrow keys. */
export function CoverageBar({ days, start, end, onChange }: CoverageBarProps) {
  const axis = useMemo(() => new CoverageAxis(days), [days])
  const track = useRef<HTMLDivElement>(null)
  const [drag, setDrag] = useState<{ grip: Grip; at: number; span: Span }>()
  const span = start === undefined || end === undefined || start > end ? undefined : { start, end }
  const left = span && axis.toFraction(span.start)
  const right = span && axis.toFraction(span.end)

  const place = (event: PointerEvent) => {
    const { left, width } = event.currentTarget.getBoundingClientRect()
    return { fraction: (event.clientX - left) / width, reach: REACH / width, step: axis.stepOf(width) }
  }
  const grab = (event: PointerEvent) => {
    const { fraction, reach, step } = place(event)
    event.currentTarget.setPointerCapture(event.pointerId)
    const at = axis.toInstant(fraction, step)
    if (span === undefined || left === undefined || right === undefined) {
      setDrag({ grip: 'new', at: fraction, span: { start: at, end: at } })
      return
    }
    const toLeft = Math.abs(fraction - left)
    const toRight = Math.abs(fraction - right)
    const grip =
      Math.min(toLeft, toRight) < reach
        ? toLeft < toRight
          ? 'start'
          : 'end'
        : fraction > left && fraction < right
          ? 'whole'
          : 'new'
    setDrag({ grip, at: fraction, span: grip === 'new' ? { start: at, end: at } : span })
  }
  const move = (event: PointerEvent) => {
    if (drag === undefined) return
    const { fraction, step } = place(event)
    onChange(moved(axis, drag.grip, drag.span, drag.at, fraction, step))
  }
  const nudge = (end: 'start' | 'end') => (event: KeyboardEvent) => {
    const step = KEYS[event.key]
    const bounds = { start: days[0]?.start, end: days.at(-1)?.end }
    if (span === undefined || bounds.start === undefined || bounds.end === undefined) return
    const wanted =
      event.key === 'Home'
        ? bounds.start
        : event.key === 'End'
          ? bounds.end
          : step === undefined
            ? undefined
            : span[end] + step * (event.shiftKey ? 60n : 1n)
    if (wanted === undefined) return
    event.preventDefault()
    const inside = wanted < bounds.start ? bounds.start : wanted > bounds.end ? bounds.end : wanted
    onChange(ordered(end === 'start' ? { start: inside, end: span.end } : { start: span.start, end: inside }))
  }
  const handle = (end: 'start' | 'end', fraction: number, instant: Nanoseconds) => (
    <div
      role="slider"
      tabIndex={0}
      aria-label={end === 'start' ? 'Start of the window' : 'End of the window'}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(fraction * 100)}
      aria-valuetext={isoInstant(instant)}
      onKeyDown={nudge(end)}
      className="absolute inset-y-0 -ml-px w-0.5 cursor-ew-resize bg-accent after:absolute after:inset-y-0 after:-inset-x-2"
      style={{ left: `${fraction * 100}%` }}
    />
  )

  return (
    <div className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-2">
      <div className="grid grid-rows-[24px_24px] items-center text-2xs text-faint">
        <span>trades</span>
        <span>books</span>
      </div>
      <div
        ref={track}
        onPointerDown={grab}
        onPointerMove={move}
        onPointerUp={() => {
          setDrag(undefined)
        }}
        onPointerCancel={() => {
          setDrag(undefined)
        }}
        className="relative h-12 cursor-crosshair touch-none overflow-hidden rounded border border-line-strong bg-ground select-none"
      >
        {days.map((day, index) => (
          <div
            key={day.datasetId}
            className={`absolute inset-y-0 ${index === 0 ? '' : 'border-l border-line-strong'}`}
            style={{ left: `${(100 * index) / days.length}%`, width: `${100 / days.length}%` }}
          >
            <Strip day={day} span={day.trades} rows={day.tradeRows} row={0} wide={days.length <= 8} />
            <Strip day={day} span={day.books} rows={day.bookRows} row={1} wide={days.length <= 8} />
          </div>
        ))}
        {span !== undefined && left !== undefined && right !== undefined && (
          <>
            <div
              className="absolute inset-y-0 cursor-grab bg-accent/20"
              style={{ left: `${left * 100}%`, width: `${(right - left) * 100}%` }}
            />
            {handle('start', left, span.start)}
            {handle('end', right, span.end)}
          </>
        )}
      </div>
      <div />
      <div className="figures flex pt-1 text-2xs text-faint">
        {days.map((day, index) => (
          <DayLabel key={day.datasetId} days={days} index={index} />
        ))}
      </div>
    </div>
  )
}

/** Nanoseconds that a key moves an end by; sixty times as much with Shift. */
const KEYS: Readonly<Record<string, Nanoseconds>> = {
  ArrowLeft: -SECOND,
  ArrowDown: -SECOND,
  ArrowRight: SECOND,
  ArrowUp: SECOND,
  PageDown: -HOUR,
  PageUp: HOUR,
}

function Strip({
  day,
  span,
  rows,
  row,
  wide,
}: {
  day: Day
  span: Span | undefined
  rows: bigint
  row: number
  wide: boolean
}) {
  if (span === undefined) return null
  const length = Number(day.end - day.start) || 1
  const from = Number(span.start - day.start) / length
  const share = Number(span.end - span.start) / length
  return (
    <div
      className="absolute flex h-3.5 items-center overflow-hidden rounded-sm bg-line-strong px-1"
      style={{ top: 5 + row * 24, left: `calc(${from * 100}% + 1px)`, width: `calc(${share * 100}% - 2px)` }}
    >
      {wide && <span className="figures truncate text-2xs text-text">{formatCompact(rows)}</span>}
    </div>
  )
}

function DayLabel({ days, index }: { days: readonly Day[]; index: number }) {
  const day = days[index]
  if (day === undefined) return null
  if (days.length <= 3) {
    return (
      <span className="flex flex-1 justify-between gap-2 px-0.5 whitespace-nowrap">
        <span>{formatInstant(day.start, 'min')}</span>
        <span className="hidden sm:inline">{formatTime(day.end, 'min')}</span>
      </span>
    )
  }
  const every = Math.ceil(days.length / 8)
  const before = days[index - every]
  // Show the year only where it changes.
  const text = before?.date.slice(0, 4) === day.date.slice(0, 4) ? day.date.slice(5) : day.date
  return <span className="flex-1 overflow-visible whitespace-nowrap">{index % every === 0 ? text : ''}</span>
}

function moved(axis: CoverageAxis, grip: Grip, span: Span, from: number, to: number, step: Nanoseconds): Span {
  const at = axis.toInstant(to, step)
  if (grip === 'start') return ordered({ start: at, end: span.end })
  if (grip === 'end') return ordered({ start: span.start, end: at })
  if (grip === 'new') return ordered({ start: span.start, end: at })
  const width = axis.toFraction(span.end) - axis.toFraction(span.start)
  const left = Math.min(Math.max(axis.toFraction(span.start) + to - from, 0), 1 - width)
  return { start: axis.toInstant(left, step), end: axis.toInstant(left + width, step) }
}

function ordered({ start, end }: Span): Span {
  return start <= end ? { start, end } : { start: end, end: start }
}
