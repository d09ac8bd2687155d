import type { CostAttribution } from '@/gen/tickreel/v1/fill_audit_pb'
import { formatFigure, formatPercent } from '@/ui/format/figure'
import { formatAmount, formatMoney } from '@/ui/format/money'
import { formatNumber } from '@/ui/format/number'

import { ShareBar } from './share-bar'

interface CostBarsProps {
  costs: CostAttribution
  /** Value of all fills; costs are given in basis points of it. */
  turnover: number
  currency: string
}

/**
 * Cost of the fills: fees and execution, and below them the parts of execution as a waterfall, whose last bar is the total.
 * The waterfall has a separate scale, since execution is usually a sliver of the fees.
 */
export function CostBars({ costs, turnover, currency }: CostBarsProps) {
  const parts = [
    { name: 'Latency drift', value: costs.latencyDrift },
    { name: 'Waiting drift', value: costs.waitingDrift },
    { name: 'Half spread', value: costs.spread },
    { name: 'Depth', value: costs.depth },
  ].map(({ name, value }) => ({ name, value: Number(value), text: formatMoney(value, currency) }))
  const ends = parts.reduce<number[]>((sums, { value }) => [...sums, (sums.at(-1) ?? 0) + value], [])
  const bars = parts.map((part, i) => ({ ...part, from: ends[i - 1] ?? 0, to: ends[i] ?? 0 }))
  const execution = ends.at(-1) ?? 0
  const low = Math.min(0, ...ends)
  const high = Math.max(0, ...ends)
  const share = (at: number) => ((at - low) / (high - low || 1)) * 100
  // If one of them is negative, neither is a share of their sum.
  const isWhole = Number(costs.fees) >= 0 && execution >= 0
  const points = (value: number) => (turnover > 0 ? `${formatFigure((value / turnover) * 10_000, 3)} bp` : '')
  return (
    <>
      <h3 className="label flex h-7 items-center">{`Fill costs, ${currency}`}</h3>
      <p className="figures pb-1 text-xl">
        {formatMoney(costs.total, currency)} <span className="text-sm text-muted">{points(Number(costs.total))}</span>
      </p>
      <ShareBar
        parts={[
          { name: 'fees', value: Number(costs.fees), className: 'bg-muted' },
          { name: 'execution', value: execution, className: 'bg-text' },
        ].map(({ name, value, className }) => ({
          name,
          className,
          count: Math.max(value, 0),
          text: `${formatAmount(value, currency)}${value > 0 && isWhole ? ` · ${formatPercent(value / Number(costs.total))}` : ''}`,
        }))}
      />
      <table className="w-full text-xs">
        <caption className="label h-7 text-left">Execution, against the mid price at submission</caption>
        <tbody>
          {[
            ...bars,
            { name: 'Execution', value: execution, text: formatAmount(execution, currency), from: 0, to: execution },
          ].map(({ name, value, text, from, to }) => (
            <tr key={name} className="h-6 border-t border-line">
              <th scope="row" className="pr-3 text-left font-normal whitespace-nowrap text-muted">
                {name}
              </th>
              <td aria-hidden className="relative w-1/2 min-w-12">
                <span className="absolute inset-y-0 border-l border-line-strong" style={{ left: `${share(0)}%` }} />
                <span
                  className={`absolute inset-y-1.5 ${name === 'Execution' ? 'bg-text' : to < from ? 'bg-accent' : 'bg-muted'}`}
                  style={{
                    left: `${share(Math.min(from, to))}%`,
                    width: `${share(Math.max(from, to)) - share(Math.min(from, to))}%`,
                  }}
                />
              </td>
              <td className="figures pl-3 text-right whitespace-nowrap">{text}</td>
              <td className="figures pl-3 text-right whitespace-nowrap text-muted">{points(value)}</td>
            </tr>
          ))}
          <tr aria-hidden className="h-6 border-t border-line text-faint">
            <td>Bar scale</td>
            <td className="figures">
              <span className="flex justify-between">
                <span>{formatNumber(Number(low.toPrecision(3)))}</span>
                <span>{formatNumber(Number(high.toPrecision(3)))}</span>
              </span>
            </td>
            <td />
            <td />
          </tr>
        </tbody>
      </table>
    </>
  )
}
