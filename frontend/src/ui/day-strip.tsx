import { formatTime, type Nanoseconds, parseInstant } from './format/instant'

const DAY = 86_400_000_000_000

interface DayStripProps {
  /** Accessible name, also in the tooltip. */
  label: string
  /** The UTC day, as 2024-07-18. */
  date: string
  /** Covered spans, one per line; undefined for an empty line. */
  spans: readonly ({ start: Nanoseconds; end: Nanoseconds } | undefined)[]
}

/** A UTC day from midnight to midnight, with its covered spans. */
export function DayStrip({ label, date, spans }: DayStripProps) {
  const midnight = parseInstant(`${date}T00:00:00Z`)
  if (midnight === undefined) return null
  const share = (instant: Nanoseconds) => Math.min(Math.max(Number(instant - midnight) / DAY, 0), 1) * 100
  const times = spans.flatMap((span) => (span ? `${formatTime(span.start)} → ${formatTime(span.end)}` : []))
  return (
    <span
      role="img"
      aria-label={label}
      title={[label, ...new Set(times)].join('\n')}
      className="relative flex w-full flex-col gap-px bg-[linear-gradient(to_right,var(--line-strong)_1px,transparent_1px)] bg-[length:25%_100%] py-px"
    >
      {spans.map((span, lane) => (
        <span key={lane} className="relative block h-1.5 bg-line/60">
          {span && (
            <span
              className={`absolute inset-y-0 min-w-0.5 ${lane === 0 ? 'bg-text' : 'bg-faint'}`}
              style={{ left: `${share(span.start)}%`, width: `${share(span.end) - share(span.start)}%` }}
            />
          )}
        </span>
      ))}
    </span>
  )
}
