import type { DescMessage, DescMethodUnary, MessageInitShape, MessageShape } from '@bufbuild/protobuf'
import type { Transport } from '@connectrpc/connect'
import { createQueryOptions } from '@connectrpc/connect-query'
import type { QueryClient } from '@tanstack/react-query'

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
 * All at once: the answer to one finds the page busy, and what comes after it would wait. A run that lives has none of them yet,
 * a fast one no equity; the screen asks again for what it needs, and says what is wrong.
 */
export function askAhead(queries: QueryClient, transport: Transport, runId: string): void {
  const { getResult } = ResultsService.method
  const { trades, equity, markers } = wholeRun(queries, transport, runId)
  const result = () => queries.query(createQueryOptions(getResult, { runId }, { transport }))
  for (const ask of [result, trades, equity, markers]) ask().catch(() => undefined)
}
