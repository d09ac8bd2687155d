import { useMutation, useQuery } from '@connectrpc/connect-query'

import type { RunEntry } from '@/gen/tickreel/v1/run_pb'
import { RunnerService } from '@/gen/tickreel/v1/runner_service_pb'
import { useLiveRuns } from '@/jobs/live-runs'
import { RpcError } from '@/rpc/rpc-error'
import { showToast } from '@/ui/toasts'

import { createdAt } from '../use-runs'

/** Newest verification of a run, updated from the stream of live runs. */
export function useVerification(runId: string): RunEntry | undefined {
  const { state: live } = useLiveRuns()
  const past = useQuery(RunnerService.method.listRuns, { pageSize: 1, filter: `verified_run_id = "${runId}"` })
  return [...live.values(), ...(past.data?.runs ?? [])]
    .filter(({ verifiedRunId }) => verifiedRunId === runId)
    .reduce<RunEntry | undefined>(
      (newest, run) => (newest && createdAt(newest) >= createdAt(run) ? newest : run),
      undefined,
    )
}

/** Start a verification of a run. */
export function useVerify(runId: string) {
  const { mutate, isPending } = useMutation(RunnerService.method.verifyRun, {
    onError: (error) => {
      const { message, violations } = RpcError.from(error)
      const description = violations.map(({ field, description }) => `${field}: ${description}`).join('\n') || message
      showToast({ title: 'Could not verify the run', description, tone: 'danger' })
    },
  })
  return {
    isPending,
    verify: () => {
      mutate({ requestId: crypto.randomUUID(), runId })
    },
  }
}
