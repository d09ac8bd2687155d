import { Ban } from 'lucide-react'

import { JobState } from '@/gen/tickreel/v1/job_pb'
import type { Run } from '@/gen/tickreel/v1/run_pb'
import { ADVICE } from '@/rpc/advice'
import { ErrorState } from '@/ui/error-state'
import { formatDuration } from '@/ui/format/duration'
import { formatInstant, instantOf } from '@/ui/format/instant'

import { secondsTaken } from '@/jobs/job'
import { RunAgainButton } from './run-again-button'

/** Outcome of a run without a result: reason and next step. */
export function RunEnd({ run }: { run: Run }) {
  const { state, failure, endedAt, startedAt } = run
  const when = endedAt && `${formatInstant(instantOf(endedAt))} UTC`
  const after = startedAt && `after ${formatDuration(secondsTaken(run, 0) ?? 0)}`
  return (
    <section aria-label="Outcome" className="shrink-0 border-b border-line">
      {state === JobState.FAILED ? (
        <ErrorState
          problem={{
            // The log is shown below.
            message: failure?.message.split('; the last lines of its log:')[0] ?? 'The run failed.',
            reason: failure?.reason,
            advice: ADVICE[failure?.reason as keyof typeof ADVICE],
          }}
        />
      ) : (
        <p className="flex items-center gap-3 p-4 text-sm">
          <Ban size={16} aria-hidden className="text-faint" /> Cancelled. No result was kept.
        </p>
      )}
      <div className="flex flex-wrap items-center gap-4 px-11 pb-4">
        <RunAgainButton run={run} />
        <span className="figures text-faint">{[when, after].filter(Boolean).join(' · ')}</span>
      </div>
    </section>
  )
}
