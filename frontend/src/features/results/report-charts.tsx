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

/** Most ticks to load without a request by the user: 25 MB. */
const LOADED_AUTOMATICALLY = 1_000_000

interface ReportChartsProps {
  result: Result
  viewport: Viewport
  /** The selected order. */
  order: Order | undefined
  onOrder: (id: bigint) => void
  /** Selects the previous or next order. */
  onStep: (direction: 1 | -1) => void
}

/** Charts of a run over one replay clock: equity, drawdown, and ticks with order markers. */
export function ReportCharts({ result, viewport, order, onOrder, onStep }: ReportChartsProps) {
  const { runId, summary, metadata } = result
  const tape = useTape(runId, viewport.base)
  const samples = useChartSamples(result, viewport, tape)
  const { trades, quotes, markers, overview, error } = samples
  const drawn = overview.ts.length > 0
  const loadAutomatically = useEffectEvent(() => {
    if ((summary?.tradeRows ?? 0) <= LOADED_AUTOMATICALLY) tape.load()
  })
  useEffect(() => {
    // Load after the first drawing.
    if (drawn) loadAutomatically()
  }, [drawn])

  const selected = useMemo(() => order && orderMarker(order, viewport.base), [order, viewport])
  const open = (marker: Marker) => {
    // Orders of the same instant cannot be zoomed apart, so the first one is selected.
    if (marker.orders === 1 || marker.from === marker.to) onOrder(marker.firstOrder)
    else viewport.show(widen(marker, 1 / 12))
  }
  return (
    <div className="flex h-full flex-col">
      <ChartToolbar viewport={viewport} result={result} tape={tape} />
      {error && (
        <p role="status" className="flex shrink-0 items-center gap-2 border-b border-line px-3 py-1 text-xs">
          <CircleAlert size={13} aria-hidden className="shrink-0 text-danger" />
          {`The charts could not be refreshed: ${error.message}`}
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
