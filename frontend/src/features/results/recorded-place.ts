import type { Fill, Order, TimelineEvent } from '@/gen/tickreel/v1/report_pb'
import { formatTime, instantOf } from '@/ui/format/instant'

type Recorded = Pick<Order | Fill | TimelineEvent, 'tsRecorded' | 'tradeRow'>

/** The recorded time and the trade row of an order, fill or event, by name. Results written before these existed have none. */
export function recordedPlace({ tsRecorded, tradeRow }: Recorded): [string, string][] {
  const facts: [string, string][] = []
  if (tsRecorded) facts.push(['Recorded', formatTime(instantOf(tsRecorded), 'ns')])
  if (tradeRow !== undefined) facts.push(['Trade row', String(tradeRow)])
  return facts
}

/** The same in one line: the tooltip of a time on the replay clock. */
export function recordedTitle(row: Recorded): string | undefined {
  const facts = recordedPlace(row)
  return facts.length > 0 ? facts.map(([name, value]) => `${name} ${value}`).join(' · ') : undefined
}
