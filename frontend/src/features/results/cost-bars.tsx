import type { CostAttribution } from '@/gen/tickreel/v1/fill_audit_pb'
import { formatDecimal } from '@/ui/format/decimal'

interface CostBarsProps {
  costs: CostAttribution
  /** The value of all fills, which costs are a share of. */
  turnover: number
  currency: string
}

/** What the fills cost, part by part: each bar begins where the one above ends, and the last one is all of it. */
export function CostBars({ costs, turnover, currency }: CostBarsProps) {
  const parts = [
    { name: 'Fees', value: costs.fees },
    { name: 'Drift until arrival', value: costs.latencyDrift },
    { name: 'Drift while waiting', value: costs.waitingDrift },
    { name: 'Half spread', value: costs.spread },
    { name: 'Depth', value: costs.depth },
  ]
  const ends = parts.reduce<number[]>((sums, { value }) => [...sums, (sums.at(-1) ?? 0) + Number(value)], [])
  const bars = parts.map((part, i) => ({ ...part, from: ends[i - 1] ?? 0, to: ends[i] ?? 0 }))
  const low = Math.min(0, ...ends)
  const range = Math.max(0, ...ends) - low || 1
  const share = (at: number) => ((at - low) / range) * 100
  return (
    <table className="w-full text-xs">
      <caption className="label h-7 text-left">
        {`Cost against the middle when orders were submitted, ${currency}`}
      </caption>
      <tbody>
        {[...bars, { name: 'Total', value: costs.total, from: 0, to: Number(costs.total) }].map(
          ({ name, value, from, to }) => (
            <tr key={name} className="h-7 border-t border-line">
              <th scope="row" className="w-32 text-left font-normal text-muted">
                {name}
              </th>
              <td aria-hidden className="relative min-w-24">
                <span className="absolute inset-y-0 border-l border-line-strong" style={{ left: `${share(0)}%` }} />
                <span
                  className={`absolute inset-y-2 min-w-px ${name === 'Total' ? 'bg-text' : to < from ? 'bg-accent' : 'bg-muted'}`}
                  style={{
                    left: `${share(Math.min(from, to))}%`,
                    width: `${(Math.abs(to - from) / range) * 100}%`,
                  }}
                />
              </td>
              <td className="figures w-28 pl-3 text-right">{formatDecimal(value, { decimals: 2 })}</td>
              <td className="figures w-20 text-right text-muted">
                {turnover > 0 && `${((Number(value) / turnover) * 10_000).toFixed(2).replace('-', '−')} bp`}
              </td>
            </tr>
          ),
        )}
      </tbody>
    </table>
  )
}
