import { CircleAlert } from 'lucide-react'
import { useEffect, useEffectEvent, useMemo } from 'react'

import { ChartStack } from '@/charts/chart-stack'
import { EquityPanels } from '@/charts/equity-panels'
import { type Marker, orderMarker } from '@/charts/markers'
import { Overview } from '@/charts/overview'
import { widen } from '@/charts/span'
import { TickPanel } from '@/charts/tick-panel'
import type { Viewport } from '@/charts/viewport'
import type { Order } from '@/gen/tickreel/v1/report_pb'
import { type Result, RunMode } from '@/gen/tickreel/v1/result_pb'

import { useChartSamples } from './chart-samples'
import { ChartToolbar } from './chart-toolbar'
import { OrderCard } from './order-card'
import { useTape } from './tape/use-tape'

/** Up to how many ticks are fetched unasked: 25 MB of them. */
const FETCHED_UNASKED = 1_000_000

interface ReportChartsProps {
  result: Result
  viewport: Viewport
  /** The order that stands out. */
  order: Order | undefined
  onOrder: (id: bigint) => void
  /** Goes to the order before or after. */
  onStep: (direction: 1 | -1) => void
}

/** Equity, drawdown and ticks with orders of a run over one replay clock. */
export function ReportCharts({ result, viewport, order, onOrder, onStep }: ReportChartsProps) {
  const { runId, summary, metadata } = result
  const tape = useTape(runId, viewport.base)
  const samples = useChartSamples(result, viewport, tape)
  const { trades, quotes, markers, overview, error } = samples
  const drawn = overview.ts.length > 0
  const fetchUnasked = useEffectEvent(() => {
    if ((summary?.tradeRows ?? 0) <= FETCHED_UNASKED) tape.load()
  })
  useEffect(() => {
    // The first picture goes first.
    if (drawn) fetchUnasked()
  }, [drawn])

  const selected = useMemo(() => order && orderMarker(order, viewport.base), [order, viewport])
  const open = (marker: Marker) => {
    // Of orders of one instant there is no closer look than the first of them.
    if (marker.orders === 1 || marker.from === marker.to) onOrder(marker.firstOrder)
    else viewport.show(widen(marker, 1 / 12))
  }
  return (
    <div className="flex h-full flex-col">
      <ChartToolbar viewport={viewport} result={result} tape={tape} />
      {error && (
        <p role="status" className="flex shrink-0 items-center gap-2 border-b border-line px-3 py-1 text-xs">
          <CircleAlert size={13} aria-hidden className="shrink-0 text-danger" />
          {`The charts show what came last: ${error.message}`}
        </p>
      )}
      <ChartStack viewport={viewport} label="Charts" onStep={onStep}>
        {result.mode === RunMode.FULL && (
          <EquityPanels
            viewport={viewport}
            series={samples.equity}
            currency={metadata?.currency ?? ''}
            startingEquity={Number(summary?.startingEquity)}
            yields
          />
        )}
        <TickPanel
          viewport={viewport}
          trades={trades}
          quotes={quotes}
          sampled={samples.sampled}
          markers={markers}
          selected={selected}
          onOpen={open}
          describe={(marker) => <OrderCard runId={runId} marker={marker} precision={trades} />}
        />
      </ChartStack>
      <Overview viewport={viewport} trades={overview} />
    </div>
  )
}
