import type { Run } from '@/gen/tickreel/v1/run_pb'
import { RunnerService, type WatchRunResponse } from '@/gen/tickreel/v1/runner_service_pb'
import { useClient } from '@/rpc/use-client'
import { type Stream, useStream } from '@/rpc/use-stream'

/** The equity of a running replay so far: parallel columns. */
export interface EquitySoFar {
  ts: readonly bigint[]
  equity: readonly number[]
  drawdown: readonly number[]
  /** How often the replay has begun: what came before the last time is void. */
  beginnings: number
}

export interface WatchedRun {
  run: Run | undefined
  equity: EquitySoFar
}

const NOTHING: WatchedRun = { run: undefined, equity: { ts: [], equity: [], drawdown: [], beginnings: 0 } }

/** Watches one run to its end, over reloads and broken connections. Give the component a `key` of the run's id. */
export function useWatchedRun(runId: string): Stream<WatchedRun> {
  const runner = useClient(RunnerService)
  return useStream<WatchRunResponse, WatchedRun>({
    open: (signal) => runner.watchRun({ runId }, { signal }),
    initial: NOTHING,
    reduce: ({ run, equity }, message, first) => ({
      run: message.run ?? run,
      equity: extend(equity, message, first || message.equityRestarted),
    }),
    silence: 20,
  })
}

function extend(before: EquitySoFar, { equity: points }: WatchRunResponse, anew: boolean): EquitySoFar {
  if (points === undefined) return before
  if (anew) {
    const { ts, equity, drawdown } = points
    return { ts, equity, drawdown, beginnings: before.beginnings + 1 }
  }
  return {
    ts: [...before.ts, ...points.ts],
    equity: [...before.equity, ...points.equity],
    drawdown: [...before.drawdown, ...points.drawdown],
    beginnings: before.beginnings,
  }
}
