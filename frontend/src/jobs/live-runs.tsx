import { createContext, type ReactNode, use } from 'react'

import type { RunEntry } from '@/gen/tickreel/v1/run_pb'
import { RunnerService, type WatchRunsResponse } from '@/gen/tickreel/v1/runner_service_pb'
import { useClient } from '@/rpc/use-client'
import { type Stream, useStream } from '@/rpc/use-stream'

import { hasEnded } from './job'

/** Live runs, and runs that ended since the page was opened, by id. */
export type LiveRuns = ReadonlyMap<string, RunEntry>

const LiveRunsContext = createContext<Stream<LiveRuns> | undefined>(undefined)

/** Watches all live runs over one stream for the whole page, since a browser opens only six connections per origin. */
export function LiveRunsProvider({ children }: { children: ReactNode }) {
  const runner = useClient(RunnerService)
  const stream = useStream<WatchRunsResponse, LiveRuns>({
    open: (signal) => runner.watchRuns({}, { signal }),
    initial: new Map(),
    reduce: (runs, { runs: changed }, first) =>
      new Map([
        // Runs that were live before a reconnect and are missing from its first message have ended.
        ...[...runs].filter(([, run]) => !first || hasEnded(run)),
        ...changed.map((run) => [run.runId, run] as const),
      ]),
    endless: true,
    silence: 20,
    background: true,
  })
  return <LiveRunsContext value={stream}>{children}</LiveRunsContext>
}

/** The page's one stream of live runs. */
export function useLiveRuns(): Stream<LiveRuns> {
  const stream = use(LiveRunsContext)
  if (stream === undefined) throw new Error('useLiveRuns must be used within a LiveRunsProvider')
  return stream
}
