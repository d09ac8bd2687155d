import { append, type EquitySeries, equitySeries, NO_EQUITY } from '@/charts/columns'
import type { Run } from '@/gen/tickreel/v1/run_pb'
import { RunnerService, type WatchRunResponse } from '@/gen/tickreel/v1/runner_service_pb'
import { useClient } from '@/rpc/use-client'
import { type Stream, useStream } from '@/rpc/use-stream'

import { useRunCache } from '../run-cache'
import { windowOf } from '../run-facts'

export interface WatchedRun {
  run: Run | undefined
  /** Equity so far, in time from the start of the window. */
  equity: EquitySeries
  /** Number of starts of the replay; a restart invalidates everything drawn before. */
  beginnings: number
}

/** Watch a run to its end, across broken connections. Give the component the run id as its `key`. */
export function useWatchedRun(runId: string): Stream<WatchedRun> {
  const runner = useClient(RunnerService)
  const cache = useRunCache()
  return useStream<WatchRunResponse, WatchedRun>({
    open: (signal) => runner.watchRun({ runId }, { signal }),
    initial: { run: cache.get(runId), equity: NO_EQUITY, beginnings: 0 },
    reduce: (before, { run = before.run, equity, equityRestarted }, first) => {
      const points = equitySeries(equity, run === undefined ? 0n : (windowOf(run)?.start ?? 0n))
      // The first message of each connection contains all points so far.
      if (first) return { ...before, run, equity: points }
      if (equityRestarted) return { run, equity: points, beginnings: before.beginnings + 1 }
      return { ...before, run, equity: points.ts.length === 0 ? before.equity : append(before.equity, points) }
    },
    silence: 20,
  })
}
