import type { HourStatistics } from '@/gen/tickreel/v1/statistics_pb'
import { formatCount } from '@/ui/format/count'
import { formatMoney } from '@/ui/format/money'
import { Tooltip } from '@/ui/tooltip'

/** PnL per hour of the day as bars up or down from zero, scaled to the largest. */
export function HourBars({ hours, currency }: { hours: readonly HourStatistics[]; currency: string }) {
  const byHour = new Map(hours.map((hour) => [hour.hour, hour]))
  const pnls = hours.map(({ pnl }) => Number(pnl))
  const high = Math.max(0, ...pnls)
  const low = Math.min(0, ...pnls)
  const range = high - low || 1
  return (
    <figure aria-label="PnL by hour of the day" className="relative flex flex-col overflow-hidden">
      <div className="grid h-24 grid-cols-24 gap-px">
        {Array.from({ length: 24 }, (_, hour) => {
          const found = byHour.get(hour)
          const pnl = Number(found?.pnl ?? 0)
          const column = (
            <div key={hour} className="relative h-full hover:bg-hover">
              <div
                className="absolute inset-x-0 border-t border-line-strong"
                style={{ top: `${(high / range) * 100}%` }}
              />
              <div
                className={pnl < 0 ? 'absolute inset-x-0 bg-faint' : 'absolute inset-x-0 bg-text'}
                style={{
                  top: `${((high - Math.max(pnl, 0)) / range) * 100}%`,
                  height: `${(Math.abs(pnl) / range) * 100}%`,
                  minHeight: found ? 1 : 0,
                }}
              />
            </div>
          )
          return found ? (
            <Tooltip key={hour} text={describe(found, currency)}>
              {column}
            </Tooltip>
          ) : (
            column
          )
        })}
      </div>
      <div aria-hidden className="figures grid grid-cols-24 gap-px pt-1 text-center text-2xs text-faint">
        {Array.from({ length: 24 }, (_, hour) => (
          <span key={hour} className={hour % 3 === 0 ? '-mx-2' : 'invisible'}>
            {hour.toString().padStart(2, '0')}
          </span>
        ))}
      </div>
      <table className="sr-only">
        <caption>PnL by hour of the day, UTC</caption>
        <tbody>
          {hours.map((hour) => (
            <tr key={hour.hour}>
              <th scope="row">{hour.hour}</th>
              <td>{describe(hour, currency)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </figure>
  )
}

function describe({ hour, pnl, fees, fills }: HourStatistics, currency: string): string {
  const from = hour.toString().padStart(2, '0')
  const money = (value: string, signed: boolean) => formatMoney(value, currency, { signed })
  return `${from}:00–${from}:59 · ${money(pnl, true)} ${currency} · ${formatCount(fills)} fills · fees ${money(fees, false)}`
}
