import type { DescMessage, DescMethodUnary, MessageInitShape, MessageShape } from '@bufbuild/protobuf'
import type { Transport } from '@connectrpc/connect'
import { createQueryOptions } from '@connectrpc/connect-query'
import type { QueryClient } from '@tanstack/react-query'

import { RunMode } from '@/gen/tickreel/v1/result_pb'
import { ResultsService } from '@/gen/tickreel/v1/results_service_pb'

/** Rows that a sample may have: it is twice as wide as what is in sight, and each column of pixels may need four. */
export const POINTS = 6_000
export const MARKERS = 2_000

/** Samples of a whole run, each asked for once: a result never changes. They need no more than its id. */
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
 * Asks for a result and for what its charts draw first, while the screen that shows them is still on its way.
 *
 * Its ticks need not wait for it, as every result has some; what else there is to draw, the result says. The screen asks again
 * for what could not be had, and says why. A run that lives has no result yet.
 */
export function askAhead(queries: QueryClient, transport: Transport, runId: string): void {
  const { trades, equity, markers } = wholeRun(queries, transport, runId)
  const rest = async () => {
    const { result } = await queries.query(
      createQueryOptions(ResultsService.method.getResult, { runId }, { transport }),
    )
    if (result?.result?.mode === RunMode.FULL) await Promise.all([equity(), markers()])
  }
  for (const ask of [trades, rest]) ask().catch(() => undefined)
}
