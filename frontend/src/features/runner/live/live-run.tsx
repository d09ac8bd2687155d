import { JobState } from '@/gen/tickreel/v1/job_pb'
import type { Run } from '@/gen/tickreel/v1/run_pb'
import type { Stream } from '@/rpc/use-stream'

import { Figures } from './figures'
import { PhaseStrip } from './phase-strip'
import { RunDetails } from './run-details'
import { RunEnd } from './run-end'
import type { WatchedRun } from './use-watched-run'

interface LiveRunProps {
  run: Run
  stream: Stream<WatchedRun>
}

/** A run that has no report: it waits, is under way, failed or was cancelled. */
export function LiveRun({ run, stream }: LiveRunProps) {
  const ended = run.state === JobState.FAILED || run.state === JobState.CANCELLED
  return (
    <div className="flex h-full flex-col">
      {ended ? (
        <RunEnd run={run} />
      ) : (
        <>
          <PhaseStrip run={run} heardAt={stream.lastMessageAt} />
          <Figures run={run} />
        </>
      )}
      <RunDetails run={run} />
    </div>
  )
}
