import type { Result } from '@/gen/tickreel/v1/result_pb'
import type { ReturnStatistics, RunStatistics } from '@/gen/tickreel/v1/statistics_pb'
import { EmptyState } from '@/ui/empty-state'
import { countOf, formatCount, formatShare } from '@/ui/format/count'
import { formatDecimal } from '@/ui/format/decimal'
import { formatDuration } from '@/ui/format/duration'

import { FigureGroup, FigureRow } from './figure-list'
import { HourBars } from './hour-bars'
import { ShareBar } from './share-bar'

/** How a run went: what won and lost, when and on which side, what it cost, and how long it was exposed. */
export function Statistics({ result: { summary, metadata } }: { result: Result }) {
  const statistics = summary?.statistics
  if (!statistics)
    return <EmptyState>This run was made before there were statistics: run it again to have them.</EmptyState>
  const currency = metadata?.currency ?? ''
  return (
    <div className="grid gap-x-8 gap-y-5 p-4 md:grid-cols-2 min-[1400px]:grid-cols-[minmax(0,1fr)_minmax(0,1fr)_minmax(0,1.5fr)]">
      <ClosingOrders statistics={statistics} currency={currency} />
      <Holding statistics={statistics} currency={currency} />
      <section className="min-w-0 max-[1400px]:order-first md:max-[1400px]:col-span-2">
        <h3 className="label flex h-7 items-center justify-between">
          PnL by hour of the day, UTC <span className="figures">{currency}</span>
        </h3>
        <HourBars hours={statistics.byHour} currency={currency} />
        <Sides statistics={statistics} />
      </section>
    </div>
  )
}

interface PartProps {
  statistics: RunStatistics
  currency: string
}

function ClosingOrders({ statistics, currency }: PartProps) {
  const { closingOrders, winningOrders, losingOrders, winRate, profitFactor, expectancy } = statistics
  const even = closingOrders - winningOrders - losingOrders
  const part = (name: string, count: number, className: string) => ({
    name,
    count,
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
      <FigureRow name="Win rate" value={winRate && percent(winRate)} />
      <FigureRow
        name="Profit factor"
        value={profitFactor && formatDecimal(profitFactor, { decimals: 3 })}
        hint="Gross profit by gross loss"
      />
      <FigureRow
        name={`Expectancy, ${currency}`}
        value={expectancy && formatDecimal(expectancy, { decimals: 4, signed: true })}
        hint="The mean profit of a closing order"
      />
      <FigureRow name="Gross profit" value={money(statistics.grossProfit)} />
      <FigureRow name="Gross loss" value={money(statistics.grossLoss)} />
      <FigureRow name="Largest win" value={money(statistics.largestWin)} />
      <FigureRow name="Largest loss" value={money(statistics.largestLoss)} />
    </FigureGroup>
  )
}

function Holding({ statistics, currency }: PartProps) {
  const { position, turnover, slippage, averageSlippageBps, byLiquidity } = statistics
  const seconds = (text: string | undefined) => text && formatDuration(Number(text))
  return (
    <FigureGroup title="Position and cost">
      <FigureRow name="Time exposed" value={position?.exposure && percent(position.exposure)} />
      <FigureRow
        name="Mean size held"
        value={position?.meanSize && formatDecimal(position.meanSize, { decimals: 3 })}
      />
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
        name="Held on average, at most"
        value={
          position?.meanHoldingSeconds &&
          `${seconds(position.meanHoldingSeconds) ?? ''}, ${seconds(position.longestHoldingSeconds) ?? ''}`
        }
      />
      <FigureRow name={`Turnover, ${currency}`} value={money(turnover)} />
      <FigureRow
        name="Slippage"
        value={`${money(slippage) ?? ''}${averageSlippageBps ? ` · ${formatDecimal(averageSlippageBps, { decimals: 3 })} bp` : ''}`}
        hint="What the fills cost more than at the mark when their orders were submitted"
      />
      {byLiquidity.map(({ liquidity, fills, fees }) => (
        <FigureRow
          key={liquidity}
          name={`Fees as ${liquidity}`}
          value={`${money(fees) ?? ''} · ${countOf(fills, 'fill')}`}
        />
      ))}
      <FigureRow name="Sharpe, a year" value={sharpe(statistics.returns)} hint={RATIOS} />
      <FigureRow
        name="Sortino, a year"
        value={statistics.returns?.sortinoRatio && formatDecimal(statistics.returns.sortinoRatio, { decimals: 2 })}
        hint={RATIOS}
      />
    </FigureGroup>
  )
}

const RATIOS = 'Of hourly returns; not said of fewer than 24 whole hours'

function sharpe(returns: ReturnStatistics | undefined): string | undefined {
  if (!returns?.sharpeRatio) return undefined
  const ratio = formatDecimal(returns.sharpeRatio, { decimals: 2 })
  const error = returns.sharpeStandardError
  return error ? `${ratio} ± ${formatDecimal(error, { decimals: 2 })}` : ratio
}

function Sides({ statistics: { bySide } }: { statistics: RunStatistics }) {
  return (
    <table className="mt-3 w-full text-xs">
      <caption className="label h-7 text-left">PnL by side of the position</caption>
      <thead>
        <tr className="text-right text-faint [&>th]:h-7 [&>th]:border-t [&>th]:border-line [&>th]:pl-3 [&>th]:font-normal">
          <th scope="col" className="pl-0! text-left">
            Side
          </th>
          <th scope="col">Closed, won</th>
          <th scope="col">Realized</th>
          <th scope="col">Unrealized</th>
          <th scope="col">Fees</th>
          <th scope="col">PnL</th>
        </tr>
      </thead>
      <tbody>
        {bySide.map((side) => (
          <tr
            key={side.side}
            className="figures text-right [&>td]:h-7 [&>td]:border-t [&>td]:border-line [&>td]:pl-3 [&>td]:whitespace-nowrap"
          >
            <td className="pl-0! text-left font-sans text-muted">{side.side}</td>
            <td>{`${formatCount(side.closingOrders)}, ${formatShare(side.winningOrders, side.closingOrders)}`}</td>
            <td>{money(side.realizedPnl, true)}</td>
            <td>{money(side.unrealizedPnl, true)}</td>
            <td>{money(side.fees)}</td>
            <td className="text-text">{money(side.pnl, true)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function money(value: string | undefined, signed = false): string | undefined {
  return value ? formatDecimal(value, { decimals: 2, signed }) : undefined
}

/** A share between 0 and 1 as 12.3 %. */
function percent(share: string): string {
  return `${(Number(share) * 100).toFixed(1)} %`
}
