import { useQuery } from '@connectrpc/connect-query'

import type { TradeSeries } from '@/charts/columns'
import type { Marker } from '@/charts/markers'
import { ResultsService } from '@/gen/tickreel/v1/results_service_pb'
import { formatCount } from '@/ui/format/count'
import { formatDecimal } from '@/ui/format/decimal'
import { formatTime, instantOf } from '@/ui/format/instant'
import { formatNumber } from '@/ui/format/number'
import { Side } from '@/ui/side'

import { stateOf } from './order-terms'

interface OrderCardProps {
  runId: string
  marker: Marker
  /** Number of decimals of prices and of sizes. */
  precision: Pick<TradeSeries, 'pricePrecision' | 'sizePrecision'>
}

/** Card beside a marker: its order, or a summary of its cluster. */
export function OrderCard({ runId, marker, precision }: OrderCardProps) {
  const { pricePrecision, sizePrecision } = precision
  const single = marker.orders === 1
  const { data } = useQuery(
    ResultsService.method.listOrders,
    { runId, filter: `id = ${marker.firstOrder}`, pageSize: 1 },
    { enabled: single, staleTime: Infinity },
  )
  const order = data?.orders[0]
  const low = formatNumber(marker.low, pricePrecision)
  const high = formatNumber(marker.high, pricePrecision)
  const filledSize = formatNumber(marker.filledSize, sizePrecision)
  if (!single) {
    return (
      <Card
        title={`${formatCount(marker.orders)} orders`}
        side={marker.side > 0 ? 'buy' : 'sell'}
        facts={[
          ['price', low === high ? low : `${low} – ${high}`],
          ['filled', filledSize],
          ['fully filled', formatCount(marker.filled)],
        ]}
        note="Click to open"
      />
    )
  }
  return (
    <Card
      title={`Order ${marker.firstOrder}`}
      side={marker.side > 0 ? 'buy' : 'sell'}
      facts={[
        ['submitted', order?.tsSubmitted ? formatTime(instantOf(order.tsSubmitted), 'ns') : '…'],
        ['price', order && !order.price ? 'market' : low],
        ['size', order ? formatDecimal(order.amount) : '…'],
        ['filled', filledSize],
        ['fee', order ? formatDecimal(order.fees) : '…'],
        ['status', order ? stateOf(order) : '…'],
      ]}
      note={order?.reason ?? ''}
    />
  )
}

interface CardProps {
  title: string
  side: 'buy' | 'sell'
  facts: readonly (readonly [string, string])[]
  note: string
}

function Card({ title, side, facts, note }: CardProps) {
  return (
    <>
      <p className="flex items-baseline justify-between gap-4 font-medium">
        {title} <Side side={side} />
      </p>
      <dl className="mt-1 grid grid-cols-[auto_auto] gap-x-4 whitespace-nowrap">
        {facts.map(([name, value]) => (
          <div key={name} className="contents">
            <dt className="text-muted">{name}</dt>
            <dd className="figures text-right">{value}</dd>
          </div>
        ))}
      </dl>
      {note && <p className="mt-1 max-w-64 text-muted">{note}</p>}
    </>
  )
}
