import { useEffect, useState } from 'react'

import { ChartStack } from './chart-stack'
import type { EquitySeries } from './columns'
import { EquityPanels } from './equity-panels'
import type { Span } from './span'
import { Viewport } from './viewport'

interface LiveEquityProps {
  /** The points so far, counted from `base`; give the component a `key` that changes where a replay begins anew. */
  series: EquitySeries
  base: bigint
  currency: string
  startingEquity: number
  className?: string
}

/** The equity of a running replay: it grows to the right, under the eyes of one who sees all, beside one who zoomed in. */
export function LiveEquity({ series, base, currency, startingEquity, className }: LiveEquityProps) {
  const [viewport] = useState(() => new Viewport(base, covered(series)))
  useEffect(() => {
    viewport.extend(covered(series))
  }, [viewport, series])
  return (
    <div className={className ?? 'flex h-64 flex-col'}>
      <ChartStack viewport={viewport} label="Live equity">
        <EquityPanels viewport={viewport} series={series} currency={currency} startingEquity={startingEquity} />
      </ChartStack>
    </div>
  )
}

/** From the first point to the last; a second where there are not two yet. */
function covered({ ts }: EquitySeries): Span {
  const from = ts[0] ?? 0
  return { from, to: Math.max(ts.at(-1) ?? 0, from + 1e9) }
}
