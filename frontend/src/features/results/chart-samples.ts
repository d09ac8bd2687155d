import { useTransport } from '@connectrpc/connect-query'
import { useQueryClient } from '@tanstack/react-query'
import { useMemo } from 'react'

import {
  type EquitySeries,
  equitySeries,
  NO_EQUITY,
  NO_QUOTES,
  NO_TRADES,
  type QuoteSeries,
  quoteSeries,
  splice,
  type TradeSeries,
  tradeSeries,
} from '@/charts/columns'
import { type Marker, orderMarkers } from '@/charts/markers'
import type { Span } from '@/charts/span'
import type { Viewport } from '@/charts/viewport'
import { CatalogService } from '@/gen/tickreel/v1/catalog_service_pb'
import { type Result, RunMode, SnapshotMode } from '@/gen/tickreel/v1/result_pb'
import { ResultsService } from '@/gen/tickreel/v1/results_service_pb'
import type { RpcError } from '@/rpc/rpc-error'
import { useClient } from '@/rpc/use-client'
import { secondsAndNanos } from '@/ui/format/instant'

import type { Tape } from './tape/use-tape'
import { useSamples } from './use-samples'
import { MARKERS, POINTS, wholeRun } from './whole-run'

/** Data that the charts of a report draw. */
export interface ChartSamples {
  trades: TradeSeries
  /** Coarse prices of the whole run. */
  overview: TradeSeries
  markers: readonly Marker[]
  equity: EquitySeries
  quotes: QuoteSeries
  /** Whether trades or quotes are only a sample of the rows. */
  sampled: boolean
  /** Why some of the data could not be refreshed. */
  error: RpcError | undefined
}

/** Sample everything that the charts draw for the visible span. Trades come from the tape once it is complete. */
export function useChartSamples(result: Result, viewport: Viewport, tape: Tape): ChartSamples {
  const { runId, instrument, metadata } = result
  const { base } = viewport
  const full = result.mode === RunMode.FULL
  const results = useClient(ResultsService)
  const catalog = useClient(CatalogService)
  const whole = wholeRun(useQueryClient(), useTransport(), runId)
  const ends = (window: Span) => ({
    start: secondsAndNanos(viewport.instant(window.from)),
    end: secondsAndNanos(viewport.instant(window.to)),
  })

  const trades = useSamples(
    viewport,
    async (window, signal) => {
      const held = tape.progress?.done ? await tape.sample(window, POINTS) : undefined
      if (held !== undefined) return held
      const request = { runId, ...ends(window), maxPoints: POINTS, readMask: { paths: ['trades'] } }
      const sample = await (window === viewport.bounds ? whole.trades() : results.sampleTicks(request, { signal }))
      const value = tradeSeries(sample.trades, base)
      return { value, complete: sample.rows === BigInt(value.ts.length) }
    },
    true,
  )
  const markers = useSamples(
    viewport,
    async (window, signal) => {
      const request = { runId, ...ends(window), maxMarkers: MARKERS, readMask: { paths: ['markers'] } }
      const sample = await (window === viewport.bounds ? whole.markers() : results.sampleTicks(request, { signal }))
      const value = orderMarkers(sample.markers, base)
      return { value, complete: sample.orders === BigInt(value.length) }
    },
    full,
  )
  const equity = useSamples(
    viewport,
    async (window, signal) => {
      const request = { runId, ...ends(window), maxPoints: POINTS }
      const sample = await (window === viewport.bounds ? whole.equity() : results.sampleEquity(request, { signal }))
      const value = equitySeries(sample.equity, base)
      return { value, complete: sample.points === BigInt(value.ts.length) }
    },
    full,
  )
  const quotes = useSamples(
    viewport,
    async (window, signal) => {
      const request = { instrumentId: instrument, ...ends(window), maxPoints: POINTS }
      const sample = await catalog.sampleQuotes(request, { signal })
      const value = quoteSeries(sample.quotes, base)
      return { value, complete: sample.rows === BigInt(value.ts.length) }
    },
    metadata?.snapshotMode !== SnapshotMode.TRADES,
  )
  return {
    trades: useSpliced(trades, NO_TRADES),
    overview: trades.whole ?? NO_TRADES,
    markers: markers.detail ?? NO_MARKERS,
    equity: useSpliced(equity, NO_EQUITY),
    quotes: useSpliced(quotes, NO_QUOTES),
    sampled: !trades.complete || (quotes.detail !== undefined && !quotes.complete),
    error: trades.error ?? markers.error ?? equity.error ?? quotes.error,
  }
}

const NO_MARKERS: readonly Marker[] = []

function useSpliced<S extends EquitySeries | TradeSeries | QuoteSeries>(
  { whole, detail }: { whole: S | undefined; detail: S | undefined },
  none: S,
): S {
  return useMemo(() => splice(whole ?? none, detail ?? none), [whole, detail, none])
}
