import { useNavigate, useParams } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'

import { JobState } from '@/gen/tickreel/v1/job_pb'
import type { RunEntry } from '@/gen/tickreel/v1/run_pb'
import { Verdict } from '@/gen/tickreel/v1/verification_pb'
import { hasEnded } from '@/jobs/job'
import { useLiveRuns } from '@/jobs/live-runs'
import { showToast } from '@/ui/toasts'

/** Show a toast when a run ends, unless the screen of that run is open. */
export function useEndedRunToasts(): void {
  const { state: runs } = useLiveRuns()
  const navigate = useNavigate()
  const { runId: open } = useParams({ strict: false })
  const wasLive = useRef<ReadonlySet<string>>(new Set())
  useEffect(() => {
    const live = new Set<string>()
    for (const run of runs.values()) {
      if (!hasEnded(run)) live.add(run.runId)
      else if (
        wasLive.current.has(run.runId) &&
        ![run.runId, run.verifiedRunId].includes(open ?? '') &&
        run.state !== JobState.CANCELLED
      ) {
        const failed = run.state === JobState.FAILED
        showToast({
          title: failed ? 'Run failed' : endOf(run),
          description: run.runId,
          tone: failed ? 'danger' : 'neutral',
          action: { label: 'Open', onClick: () => void navigate({ to: '/runs/$runId', params: { runId: run.runId } }) },
        })
      }
    }
    wasLive.current = live
  }, [runs, open, navigate])
}

function endOf({ verdict }: RunEntry): string {
  if (verdict === Verdict.UNSPECIFIED) return 'Run finished'
  return verdict === Verdict.EQUAL ? 'Run verified: equal' : 'Run verified: different'
}
