import { useMutation } from '@connectrpc/connect-query'
import { Ban } from 'lucide-react'

import { JobState } from '@/gen/tickreel/v1/job_pb'
import type { Run } from '@/gen/tickreel/v1/run_pb'
import { RunnerService } from '@/gen/tickreel/v1/runner_service_pb'
import { hasEnded } from '@/jobs/job'
import { RpcError } from '@/rpc/rpc-error'
import { Button } from '@/ui/button'
import { showToast } from '@/ui/toasts'

/** Cancels a run; it shows "Cancelling" at once, before the service has answered. */
export function CancelButton({ run }: { run: Pick<Run, 'runId' | 'state'> }) {
  const cancel = useMutation(RunnerService.method.cancelRun, {
    onError: (error) => {
      const { reason, message } = RpcError.from(error)
      if (reason !== 'JOB_ENDED') showToast({ title: 'Could not cancel the run', description: message, tone: 'danger' })
    },
  })
  if (hasEnded(run)) return null
  const cancelling = run.state === JobState.CANCELLING || cancel.isPending || cancel.isSuccess
  return (
    <Button
      variant="danger"
      Icon={Ban}
      busy={cancelling}
      onClick={() => {
        cancel.mutate({ runId: run.runId })
      }}
    >
      {cancelling ? 'Cancelling' : 'Cancel run'}
    </Button>
  )
}
