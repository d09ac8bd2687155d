import type { Fill, Order, TimelineEvent } from '@/gen/tickreel/v1/report_pb'
import { formatTime, instantOf } from '@/ui/format/instant'

type Recorded = Pick<Order | Fill | TimelineEvent, 'tsRecorded' | 'tradeRow'>

/** Recorded time and trade row of an order, fill or event, by name. Unset in results written before these fields existed. */
export function recordedPlace({ tsRecorded, tradeRow }: Recorded): [string, string][] {
  const facts: [string, string][] = []
  if (tsRecorded) facts.push(['Recorded', formatTime(instantOf(tsRecorded), 'ns')])
  if (tradeRow !== undefined) facts.push(['Trade row', String(tradeRow)])
  return facts
}

/** The recorded place in one line, for the tooltip of a time on the replay clock. */
export function recordedTitle(row: Recorded): string | undefined {
  const facts = recordedPlace(row)
  return facts.length > 0 ? facts.map(([name, value]) => `${name} ${value}`).join(' · ') : undefined
}
