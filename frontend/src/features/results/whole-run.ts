import type { DescMessage, DescMethodUnary, MessageInitShape, MessageShape } from '@bufbuild/protobuf'
import type { Transport } from '@connectrpc/connect'
import { createQueryOptions } from '@connectrpc/connect-query'
import type { QueryClient } from '@tanstack/react-query'

import { RunMode } from '@/gen/tickreel/v1/result_pb'
import { ResultsService } from '@/gen/tickreel/v1/results_service_pb'

/** Most rows of a sample: it covers twice the visible span, and each column of pixels may need four rows. */
export const POINTS = 6_000
export const MARKERS = 2_000

/** Queries for samples of a whole run, by its id alone. They never go stale, since a result never changes. */
export function wholeRun(queries: QueryClient, transport: Transport, runId: string) {
  const once = <I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    input: MessageInitShape<I>,
  ): Promise<MessageShape<O>> =>
    queries.query({ ...createQueryOptions(method, input, { transport }), staleTime: Infinity, retry: false })
  const { sampleTicks, sampleEquity } = ResultsService.method
  return {
    trades: () => once(sampleTicks, { runId, maxPoints: POINTS, readMask: { paths: ['trades'] } }),
    markers: () => once(sampleTicks, { runId, maxMarkers: MARKERS, readMask: { paths: ['markers'] } }),
    equity: () => once(sampleEquity, { runId, maxPoints: POINTS }),
  }
}

/**
 * Prefetch a result and the first samples of its charts while its screen is still loading.
 *
 * Ticks do not wait for the result, as every result has some; the result tells what else to draw. The screen repeats failed
 * requests and shows their errors. A live run has no result yet.
 */
export function prefetchReport(queries: QueryClient, transport: Transport, runId: string): void {
  const { trades, equity, markers } = wholeRun(queries, transport, runId)
  const rest = async () => {
    const { result } = await queries.query(
      createQueryOptions(ResultsService.method.getResult, { runId }, { transport }),
    )
    if (result?.result?.mode === RunMode.FULL) await Promise.all([equity(), markers()])
  }
  for (const ask of [trades, rest]) ask().catch(() => undefined)
}
