import { useEffect, useState } from 'react'

import { ChartStack } from './chart-stack'
import type { EquitySeries } from './columns'
import { EquityPanels } from './equity-panels'
import type { Span } from './span'
import { Viewport } from './viewport'

interface LiveEquityProps {
  /** Points so far, counted from `base`. Give the component a `key` that changes when a replay restarts. */
  series: EquitySeries
  base: bigint
  currency: string
  startingEquity: number
  className?: string
}

/** Equity of a running replay. New points extend the view if it shows everything; a zoomed view stays put. */
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

/** Span from the first point to the last, at least one second. */
function covered({ ts }: EquitySeries): Span {
  const from = ts[0] ?? 0
  return { from, to: Math.max(ts.at(-1) ?? 0, from + 1e9) }
}
