import type { ReactNode } from 'react'

import type { Result } from '@/gen/tickreel/v1/result_pb'
import { formatCount, formatShare } from '@/ui/format/count'
import { formatDecimal } from '@/ui/format/decimal'
import { formatFigure, formatPercent } from '@/ui/format/figure'
import { formatMoney } from '@/ui/format/money'

import { words } from './table-filters'

/** Summary figures of a run, in groups. */
export function Summary({ result }: { result: Result }) {
  const { summary, metadata } = result
  if (!summary) return null
  const { statistics } = summary
  const currency = metadata?.currency ?? ''
  const money = (value: string, signed = false) => formatMoney(value, currency, { signed })
  const pnl = Number(summary.pnl)
  return (
    <section aria-label="Summary" className="flex flex-col">
      <div className="border-b border-line px-4 py-3">
        <h2 className="label">PnL</h2>
        <p className="figures text-xl" title={`${formatDecimal(summary.pnl, { signed: true })} ${currency}`}>
          {money(summary.pnl, true)} <span className="text-sm text-muted">{currency}</span>
        </p>
        <p className="figures text-xs text-muted">
          {`${formatPercent(pnl / Number(summary.startingEquity), 3)} of ${money(summary.startingEquity)}`}
        </p>
      </div>
      <Group>
        <Figure name="Realized" value={money(summary.realizedPnl, true)} />
        <Figure name="Unrealized" value={money(summary.unrealizedPnl, true)} />
        <Figure name="Fees" value={money(summary.fees)} />
        {summary.feesExact !== undefined && money(summary.feesExact) !== money(summary.fees) && (
          <Figure name="Fees (unrounded)" value={money(summary.feesExact)} />
        )}
        <Figure name="Max drawdown" value={money(summary.maxDrawdown)} />
        <Figure name="Final equity" value={money(summary.finalEquity)} />
        {statistics?.winRate !== undefined && (
          <Figure
            name="Win rate"
            value={formatPercent(Number(statistics.winningOrders) / Number(statistics.closingOrders))}
          />
        )}
        {statistics?.profitFactor !== undefined && (
          <Figure name="Profit factor" value={formatFigure(Number(statistics.profitFactor), 3)} />
        )}
        {summary.pnlUsd !== undefined && (
          <Figure name="PnL in USD" value={formatMoney(summary.pnlUsd, 'USD', { signed: true })} />
        )}
      </Group>
      <FillShare
        whole={summary.ordersFilled}
        part={summary.ordersPartiallyFilled}
        unfilled={summary.ordersUnfilled}
        orders={summary.orders}
      />
      <Group>
        <Figure name="Fills" value={formatCount(summary.fills)} />
        <Figure name="Volume" value={formatDecimal(summary.volume)} />
        {summary.closedPositions !== undefined && (
          <Figure name="Closed positions" value={formatCount(summary.closedPositions)} />
        )}
        <Figure name="Final position" value={formatDecimal(summary.finalPosition)} />
        <Figure name="Trade rows" value={formatCount(summary.tradeRows)} />
        <Figure name="Book rows" value={formatCount(summary.bookRows)} />
      </Group>
    </section>
  )
}

interface FillShareProps {
  whole: bigint
  part: bigint
  unfilled: Readonly<Record<string, bigint>>
  orders: bigint
}

/** Orders by outcome, as counts and as a stacked bar. */
function FillShare({ whole, part, unfilled, orders }: FillShareProps) {
  const none = Object.values(unfilled).reduce((sum, count) => sum + count, 0n)
  const width = (count: bigint) => ({ width: `${orders === 0n ? 0 : (100 * Number(count)) / Number(orders)}%` })
  return (
    <div className="border-b border-line px-4 py-2">
      <div className="flex items-baseline justify-between">
        <h2 className="label">Orders</h2>
        <span className="figures text-sm">{formatCount(orders)}</span>
      </div>
      <div aria-hidden className="my-1.5 flex h-1.5 gap-px overflow-hidden rounded-sm bg-line">
        <div className="bg-accent" style={width(whole)} />
        <div className="bg-accent/50" style={width(part)} />
      </div>
      <dl>
        <Share name="Fully filled" count={whole} of={orders} />
        <Share name="Partially filled" count={part} of={orders} />
        <Share name="Unfilled" count={none} of={orders} />
        {Object.entries(unfilled).map(([reason, count]) => (
          <Share key={reason} name={words(reason.toLowerCase())} count={count} of={orders} inset />
        ))}
      </dl>
    </div>
  )
}

function Share({ name, count, of, inset = false }: { name: string; count: bigint; of: bigint; inset?: boolean }) {
  return (
    <div className="flex items-baseline gap-2 text-xs">
      <dt className={inset ? 'pl-3 text-faint' : 'text-muted'}>{name}</dt>
      <dd className="figures ml-auto">{formatCount(count)}</dd>
      <dd className="figures w-16 text-right text-muted">{formatShare(count, of)}</dd>
    </div>
  )
}

function Group({ children }: { children: ReactNode }) {
  return <dl className="border-b border-line px-4 py-2">{children}</dl>
}

function Figure({ name, value }: { name: string; value: string }) {
  return (
    <div className="flex min-h-6 items-baseline gap-3">
      <dt className="text-xs text-muted">{name}</dt>
      <dd className="figures ml-auto text-sm">{value}</dd>
    </div>
  )
}
