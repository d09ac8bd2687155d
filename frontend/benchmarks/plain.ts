import { createClient } from '@connectrpc/connect'

import { tradeSeries } from '@/charts/columns'
import { ResultsService } from '@/gen/tickreel/v1/results_service_pb'
import { transport } from '@/rpc/transport'

const results = createClient(ResultsService, transport)

/** Load the first ticks of a run into typed arrays with the generated client on the main thread, and measure it. */
async function streamPlainly(runId: string, most: number): Promise<{ rows: number; milliseconds: number }> {
  const start = performance.now()
  const controller = new AbortController()
  const { signal } = controller
  let rows = 0
  for await (const { trades } of results.streamTicks({ runId }, { signal })) {
    rows += tradeSeries(trades, 0n).ts.length
    if (rows >= most) break
  }
  const milliseconds = performance.now() - start
  controller.abort()
  return { rows, milliseconds }
}

Object.assign(globalThis, { streamPlainly })
