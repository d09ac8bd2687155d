import { createContext, type ReactNode, use } from 'react'

import type { RunEntry } from '@/gen/tickreel/v1/run_pb'
import { RunnerService, type WatchRunsResponse } from '@/gen/tickreel/v1/runner_service_pb'
import { useClient } from '@/rpc/use-client'
import { type Stream, useStream } from '@/rpc/use-stream'

import { hasEnded } from './job'

/** The runs that live, and those that ended while the page looked on, by id. */
export type LiveRuns = ReadonlyMap<string, RunEntry>

const LiveRunsContext = createContext<Stream<LiveRuns> | undefined>(undefined)

/** Watches all runs over one stream for the whole page: a browser has six connections to an origin. */
export function LiveRunsProvider({ children }: { children: ReactNode }) {
  const runner = useClient(RunnerService)
  const stream = useStream<WatchRunsResponse, LiveRuns>({
    open: (signal) => runner.watchRuns({}, { signal }),
    initial: new Map(),
    reduce: (runs, { runs: changed }, first) =>
      new Map([
        // What lived before the connection broke and is not in the first message has ended meanwhile.
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
  if (stream === undefined) throw new Error('useLiveRuns needs a LiveRunsProvider above it')
  return stream
}
