import type { Result } from '@/gen/tickreel/v1/result_pb'
import {
  Liquidity,
  type ReturnStatistics,
  type RunStatistics,
  type SideStatistics,
} from '@/gen/tickreel/v1/statistics_pb'
import { EmptyState } from '@/ui/empty-state'
import { countOf, formatCount, formatShare } from '@/ui/format/count'
import { formatDecimal } from '@/ui/format/decimal'
import { formatDuration } from '@/ui/format/duration'
import { formatFigure, formatPercent } from '@/ui/format/figure'
import { formatMoney, moneyDecimals } from '@/ui/format/money'

import { FigureColumns, FigureGroup, FigureRow } from './figure-list'
import { HourBars } from './hour-bars'
import { ShareBar } from './share-bar'
import { LIQUIDITY_WORDS, ORDER_TYPE_WORDS, POSITION_SIDE_WORDS } from './words'

/** Statistics of a run: wins and losses, PnL by hour and side, costs, and exposure. */
export function Statistics({ result: { summary, metadata } }: { result: Result }) {
  const statistics = summary?.statistics
  if (!statistics) return <EmptyState>This result has no statistics. Run it again to get them.</EmptyState>
  const currency = metadata?.currency ?? ''
  return (
    <FigureColumns>
      <ClosingOrders statistics={statistics} currency={currency} />
      <Holding statistics={statistics} currency={currency} />
      <section className="min-w-0 @2xl:col-span-2 @4xl:col-span-1">
        <h3 className="label flex h-7 items-center justify-between">
          PnL by hour of the day, UTC <span className="figures">{currency}</span>
        </h3>
        <HourBars hours={statistics.byHour} currency={currency} />
        <Sides statistics={statistics} currency={currency} />
      </section>
    </FigureColumns>
  )
}

interface PartProps {
  statistics: RunStatistics
  currency: string
}

function ClosingOrders({ statistics, currency }: PartProps) {
  const { closingOrders, winningOrders, losingOrders, winRate, profitFactor, expectancy } = statistics
  const money = moneyIn(currency)
  const even = closingOrders - winningOrders - losingOrders
  const part = (name: string, count: bigint, className: string) => ({
    name,
    count: Number(count),
    text: formatCount(count),
    className,
  })
  return (
    <FigureGroup
      title={`Closing orders, ${formatCount(closingOrders)}`}
      drawing={
        <ShareBar
          parts={[
            part('won', winningOrders, 'bg-text'),
            part('even', even, 'bg-line-strong'),
            part('lost', losingOrders, 'bg-faint'),
          ]}
        />
      }
    >
      <FigureRow name="Win rate" value={winRate && formatPercent(Number(winningOrders) / Number(closingOrders))} />
      <FigureRow
        name="Profit factor"
        value={profitFactor && formatFigure(Number(profitFactor), 3)}
        hint="Gross profit divided by gross loss"
      />
      <FigureRow
        name={`Expectancy, ${currency}`}
        value={expectancy && formatFigure(Number(expectancy), moneyDecimals(currency) + 2, { signed: true })}
        hint="Mean profit per closing order"
      />
      <FigureRow name="Gross profit" value={money(statistics.grossProfit)} />
      <FigureRow name="Gross loss" value={money(statistics.grossLoss)} />
      <FigureRow name="Largest win" value={money(statistics.largestWin)} />
      <FigureRow name="Largest loss" value={money(statistics.largestLoss)} />
    </FigureGroup>
  )
}

function Holding({ statistics, currency }: PartProps) {
  const { position, turnover, slippage, averageSlippageBps, byLiquidity, byOrderType } = statistics
  const money = moneyIn(currency)
  const seconds = (text: string | undefined) => text && formatDuration(Number(text))
  return (
    <FigureGroup title="Position and cost">
      <FigureRow name="Time in market" value={position?.exposure && formatPercent(Number(position.exposure))} />
      <FigureRow name="Mean position size" value={position?.meanSize && formatFigure(Number(position.meanSize), 3)} />
      <FigureRow name="Largest long" value={position && formatDecimal(position.largestLong)} />
      <FigureRow name="Largest short" value={position && formatDecimal(position.largestShort)} />
      <FigureRow
        name="Round trips"
        value={
          position &&
          `${formatCount(position.roundTrips)}, ${formatShare(position.winningRoundTrips, position.roundTrips)} won`
        }
      />
      <FigureRow
        name="Holding time, mean and max"
        value={
          position?.meanHoldingSeconds &&
          `${seconds(position.meanHoldingSeconds) ?? ''}, ${seconds(position.longestHoldingSeconds) ?? ''}`
        }
      />
      <FigureRow name={`Turnover, ${currency}`} value={money(turnover)} />
      <FigureRow
        name="Slippage"
        value={`${money(slippage) ?? ''}${averageSlippageBps ? ` · ${formatFigure(Number(averageSlippageBps), 3)} bp` : ''}`}
        hint="Fill prices against the mark price at submission. Positive is a cost"
      />
      {byLiquidity.map(({ liquidity, fills, fees }) => (
        <FigureRow
          key={liquidity}
          name={`Fees as ${LIQUIDITY_WORDS[liquidity]}`}
          value={`${money(fees) ?? ''} · ${countOf(fills, 'fill')}`}
        />
      ))}
      {byLiquidity.length > 1 &&
        byLiquidity
          .filter(({ liquidity }) => liquidity === Liquidity.MAKER)
          .map(({ liquidity, volumeShare }) => (
            <FigureRow
              key={`${liquidity} size`}
              name="Maker share of volume"
              value={volumeShare && formatPercent(Number(volumeShare))}
            />
          ))}
      {byOrderType.length > 1 &&
        byOrderType.map(({ orderType, orders, ordersFilled, fees }) => (
          <FigureRow
            key={orderType}
            name={`Filled, ${ORDER_TYPE_WORDS[orderType]}`}
            value={`${formatCount(ordersFilled)} of ${formatCount(orders)} · fees ${money(fees) ?? ''}`}
          />
        ))}
      <FigureRow name="Sharpe (annualized)" value={sharpe(statistics.returns)} hint={RATIOS} />
      <FigureRow
        name="Sortino (annualized)"
        value={statistics.returns?.sortinoRatio && formatFigure(Number(statistics.returns.sortinoRatio), 2)}
        hint={RATIOS}
      />
    </FigureGroup>
  )
}

const RATIOS = 'From hourly returns; needs at least 24 whole hours'

function sharpe(returns: ReturnStatistics | undefined): string | undefined {
  if (!returns?.sharpeRatio) return undefined
  const ratio = formatFigure(Number(returns.sharpeRatio), 2)
  const error = returns.sharpeStandardError
  return error ? `${ratio} ± ${formatFigure(Number(error), 2)}` : ratio
}

/** Results of long and short positions, side by side. */
function Sides({ statistics: { bySide }, currency }: PartProps) {
  const money = moneyIn(currency)
  const rows: [string, (side: SideStatistics) => string | undefined][] = [
    ['Closing orders', ({ closingOrders }) => formatCount(closingOrders)],
    ['Won', ({ winningOrders, closingOrders }) => formatShare(winningOrders, closingOrders)],
    ['Realized', ({ realizedPnl }) => money(realizedPnl, true)],
    ['Unrealized', ({ unrealizedPnl }) => money(unrealizedPnl, true)],
    ['Fees', ({ fees }) => money(fees)],
    ['PnL', ({ pnl }) => money(pnl, true)],
  ]
  return (
    <table className="w-full text-xs">
      <thead>
        <tr className="label h-7 text-right [&>th]:font-medium">
          <th scope="col" className="text-left">
            By position side
          </th>
          {bySide.map(({ side }) => (
            <th key={side} scope="col" className="w-24">
              {POSITION_SIDE_WORDS[side]}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(([name, value]) => (
          <tr key={name} className="h-6 border-t border-line text-right">
            <th scope="row" className="text-left font-normal text-muted">
              {name}
            </th>
            {bySide.map((side) => (
              <td key={side.side} className="figures text-sm">
                {value(side)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function moneyIn(currency: string) {
  return (value: string | undefined, signed = false) => (value ? formatMoney(value, currency, { signed }) : undefined)
}
