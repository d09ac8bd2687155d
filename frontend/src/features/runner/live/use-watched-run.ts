import { append, type EquitySeries, equitySeries, NO_EQUITY } from '@/charts/columns'
import type { Run } from '@/gen/tickreel/v1/run_pb'
import { RunnerService, type WatchRunResponse } from '@/gen/tickreel/v1/runner_service_pb'
import { useClient } from '@/rpc/use-client'
import { type Stream, useStream } from '@/rpc/use-stream'

import { useRunCache } from '../run-cache'
import { windowOf } from '../run-facts'

export interface WatchedRun {
  run: Run | undefined
  /** The equity so far, counted from the start of the run's window. */
  equity: EquitySeries
  /** How often the replay has begun: what was drawn of it before the last time is void. */
  beginnings: number
}

/** Watches one run to its end, over reloads and broken connections. Give the component a `key` of the run's id. */
export function useWatchedRun(runId: string): Stream<WatchedRun> {
  const runner = useClient(RunnerService)
  const cache = useRunCache()
  return useStream<WatchRunResponse, WatchedRun>({
    open: (signal) => runner.watchRun({ runId }, { signal }),
    initial: { run: cache.get(runId), equity: NO_EQUITY, beginnings: 0 },
    reduce: (before, { run = before.run, equity, equityRestarted }, first) => {
      const points = equitySeries(equity, run === undefined ? 0n : (windowOf(run)?.start ?? 0n))
      // The first message of each connection has all points so far.
      if (first) return { ...before, run, equity: points }
      if (equityRestarted) return { run, equity: points, beginnings: before.beginnings + 1 }
      return { ...before, run, equity: points.ts.length === 0 ? before.equity : append(before.equity, points) }
    },
    silence: 20,
  })
}
