import { type CoverageInterval, Freshness } from '@/gen/tickreel/v1/catalog_service_pb'
import { formatCount } from '@/ui/format/count'
import { formatInstant, formatWindow, type Nanoseconds } from '@/ui/format/instant'
import { Tooltip } from '@/ui/tooltip'

import { DATA_TYPE_WORDS, spanOf } from './data-facts'

const FILLS: Record<Freshness, string> = {
  [Freshness.UNSPECIFIED]: 'bg-faint',
  [Freshness.FRESH]: 'bg-muted',
  [Freshness.STALE]: 'bg-warning',
  [Freshness.ORPHANED]: 'bg-danger',
}

/** A covered stretch in one row of the timeline. */
interface Stretch {
  interval: CoverageInterval
  start: Nanoseconds
  end: Nanoseconds
}

/** Covered intervals per data type on one time axis; gaps stay empty. */
export function CoverageTimeline({ intervals }: { intervals: readonly CoverageInterval[] }) {
  const stretches = intervals.flatMap((interval): Stretch[] => {
    const span = spanOf(interval.span)
    return span === undefined ? [] : [{ interval, ...span }]
  })
  const first = stretches.reduce<Nanoseconds | undefined>(
    (least, { start }) => (least === undefined || start < least ? start : least),
    undefined,
  )
  const last = stretches.reduce<Nanoseconds | undefined>(
    (most, { end }) => (most === undefined || end > most ? end : most),
    undefined,
  )
  if (first === undefined || last === undefined) return null
  const precisions = new Set(intervals.map(decimalsOf))
  const lanes = Map.groupBy(stretches, ({ interval }) => {
    const kind = DATA_TYPE_WORDS[interval.dataType]
    // Files with different decimals get separate rows.
    return precisions.size > 1 ? `${kind}, ${decimalsOf(interval)}` : kind
  })
  const share = (at: Nanoseconds) => (last === first ? 0 : Number(at - first) / Number(last - first))
  return (
    <figure className="shrink-0 border-b border-line px-4 py-3">
      <div className="grid grid-cols-[auto_1fr] items-center gap-x-4 gap-y-1.5">
        {[...lanes].map(([lane, members]) => (
          <div key={lane} className="contents">
            <span className="label">{lane}</span>
            <div className="relative h-3 bg-line">
              {members.map(({ interval, start, end }) => (
                <Tooltip
                  key={interval.source}
                  text={`${formatWindow(start, end)} UTC, ${formatCount(interval.rows)} rows`}
                >
                  <span
                    className={`absolute inset-y-0 min-w-0.5 ${FILLS[interval.freshness]}`}
                    style={{
                      left: `${share(start) * 100}%`,
                      width: `calc(${(share(end) - share(start)) * 100}% - 1px)`,
                    }}
                  />
                </Tooltip>
              ))}
            </div>
          </div>
        ))}
      </div>
      <figcaption className="figures mt-1.5 flex justify-between text-xs text-faint">
        <span>{formatInstant(first)}</span>
        <span>{formatInstant(last)} UTC</span>
      </figcaption>
    </figure>
  )
}

function decimalsOf({ pricePrecision, sizePrecision }: CoverageInterval): string {
  return `${pricePrecision} and ${sizePrecision} decimals`
}
