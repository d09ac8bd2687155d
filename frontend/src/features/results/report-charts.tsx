import { CircleAlert, Maximize2, TrendingDown, ZoomIn, ZoomOut } from 'lucide-react'
import { useMemo } from 'react'

import { ChartStack } from '@/charts/chart-stack'
import { equitySeries, NO_EQUITY, NO_QUOTES, NO_TRADES, quoteSeries, splice, tradeSeries } from '@/charts/columns'
import { EquityPanels } from '@/charts/equity-panels'
import { type Marker, orderMarkers } from '@/charts/markers'
import { Overview } from '@/charts/overview'
import { middle } from '@/charts/span'
import { TickPanel } from '@/charts/tick-panel'
import { useViewport, type Viewport } from '@/charts/viewport'
import { CatalogService } from '@/gen/tickreel/v1/catalog_service_pb'
import type { Result } from '@/gen/tickreel/v1/result_pb'
import { ResultsService } from '@/gen/tickreel/v1/results_service_pb'
import { useClient } from '@/rpc/use-client'
import { Button, IconButton } from '@/ui/button'
import { formatDecimal } from '@/ui/format/decimal'
import { formatInstant, formatWindow, parseInstant } from '@/ui/format/instant'

import { OrderCard } from './order-card'
import { useSamples } from './use-samples'

/** Rows that a sample may have: it is twice as wide as what is in sight, and each pixel column may need four. */
const POINTS = 6_000
const MARKERS = 2_000

interface ReportChartsProps {
  result: Result
  viewport: Viewport
  /** The order that stands out. */
  order: string | undefined
  onOrder: (id: bigint) => void
  /** Goes to the order before or after. */
  onStep: (direction: 1 | -1) => void
}

/** Equity, drawdown and ticks with orders of a run, each sampled by its service for what is in sight. */
export function ReportCharts({ result, viewport, order, onOrder, onStep }: ReportChartsProps) {
  const { runId, instrument, summary, metadata } = result
  const results = useClient(ResultsService)
  const catalog = useClient(CatalogService)
  const full = result.mode === 'full'
  const { base } = viewport
  const ticks = useSamples(
    viewport,
    async (window, signal) => {
      const request = { runId, ...window, maxPoints: POINTS, maxMarkers: MARKERS }
      const { trades, rows, markers, orders } = await results.sampleTicks(request, { signal })
      const shown = orderMarkers(markers, base)
      return {
        value: {
          trades: tradeSeries(trades, base),
          markers: shown,
          pricePrecision: trades?.pricePrecision ?? 0,
          sizePrecision: trades?.sizePrecision ?? 0,
        },
        complete: rows === BigInt(trades?.tsInit.length ?? 0) && orders === BigInt(shown.length),
      }
    },
    true,
  )
  const equity = useSamples(
    viewport,
    async (window, signal) => {
      const sample = await results.sampleEquity({ runId, ...window, maxPoints: POINTS }, { signal })
      const value = equitySeries(sample.equity, base)
      return { value, complete: sample.points === BigInt(value.ts.length) }
    },
    full,
  )
  const quotes = useSamples(
    viewport,
    async (window, signal) => {
      const request = { instrumentId: instrument, ...window, maxPoints: POINTS }
      const sample = await catalog.sampleQuotes(request, { signal })
      const value = quoteSeries(sample.quotes, base)
      return { value, complete: sample.rows === BigInt(value.ts.length) }
    },
    metadata?.snapshotMode !== 'trades',
  )
  const trades = useMemo(
    () => splice(ticks.whole?.trades ?? NO_TRADES, ticks.detail?.trades ?? NO_TRADES),
    [ticks.whole, ticks.detail],
  )
  const account = useMemo(() => splice(equity.whole ?? NO_EQUITY, equity.detail ?? NO_EQUITY), [equity])
  const books = useMemo(() => splice(quotes.whole ?? NO_QUOTES, quotes.detail ?? NO_QUOTES), [quotes])
  const pricePrecision = ticks.detail?.pricePrecision ?? 2
  const sizePrecision = ticks.detail?.sizePrecision ?? 3
  const error = ticks.error ?? equity.error ?? quotes.error

  const open = (marker: Marker) => {
    if (marker.orders === 1) onOrder(marker.firstOrder)
    // All at one instant: there is no closer look than the first of them.
    else if (marker.from === marker.to) onOrder(marker.firstOrder)
    else viewport.show(around(marker))
  }
  return (
    <div className="flex h-full flex-col">
      <Toolbar viewport={viewport} result={result} />
      {error && (
        <p role="status" className="flex shrink-0 items-center gap-2 border-b border-line px-3 py-1 text-xs">
          <CircleAlert size={13} aria-hidden className="shrink-0 text-danger" />
          {`The charts show what came last: ${error.message}`}
        </p>
      )}
      <ChartStack viewport={viewport} label="Charts" onStep={onStep}>
        {full && (
          <EquityPanels
            viewport={viewport}
            series={account}
            currency={metadata?.currency ?? ''}
            startingEquity={Number(summary?.startingEquity)}
          />
        )}
        <TickPanel
          viewport={viewport}
          trades={trades}
          quotes={books}
          markers={ticks.detail?.markers ?? NO_MARKERS}
          pricePrecision={pricePrecision}
          sizePrecision={sizePrecision}
          selected={order === undefined ? undefined : BigInt(order)}
          onOpen={open}
          describe={(marker) => (
            <OrderCard runId={runId} marker={marker} pricePrecision={pricePrecision} sizePrecision={sizePrecision} />
          )}
        />
      </ChartStack>
      <Overview viewport={viewport} trades={ticks.whole?.trades ?? NO_TRADES} />
    </div>
  )
}

const NO_MARKERS: readonly Marker[] = []

/** A little more than a marker stands for, so that its first and last order are not at the edge. */
function around({ from, to }: Marker): { from: number; to: number } {
  const room = (to - from) / 12
  return { from: from - room, to: to + room }
}

/** What is in sight, and the ways to another look. */
function Toolbar({ viewport, result }: { viewport: Viewport; result: Result }) {
  const span = useViewport(viewport, ({ span }) => span)
  const { maxDrawdown = '', maxDrawdownAt = '' } = result.summary ?? {}
  const worst = parseInstant(maxDrawdownAt)
  return (
    <div className="flex h-9 shrink-0 items-center gap-2 overflow-hidden border-b border-line px-3">
      <span className="figures min-w-0 truncate text-xs text-muted">
        {`${formatWindow(viewport.instant(span.from), viewport.instant(span.to), 'ms')} UTC`}
      </span>
      <span className="ml-auto" />
      {worst !== undefined && (
        <Button
          variant="quiet"
          Icon={TrendingDown}
          onClick={() => {
            viewport.visit(viewport.offset(worst))
          }}
        >
          Worst drawdown
          <span className="figures hidden text-xs text-faint lg:inline">
            {`${formatDecimal(maxDrawdown, { decimals: 2 })} at ${formatInstant(worst, 'ms').slice(11)}`}
          </span>
        </Button>
      )}
      <IconButton
        Icon={ZoomIn}
        label="Zoom in"
        onClick={() => {
          viewport.zoom(viewport.crosshair ?? middle(viewport.span), 0.5)
        }}
      />
      <IconButton
        Icon={ZoomOut}
        label="Zoom out"
        onClick={() => {
          viewport.zoom(viewport.crosshair ?? middle(viewport.span), 2)
        }}
      />
      <IconButton
        Icon={Maximize2}
        label="Show all"
        onClick={() => {
          viewport.fit()
        }}
      />
    </div>
  )
}
