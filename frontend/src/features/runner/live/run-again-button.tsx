import { useMutation } from '@connectrpc/connect-query'
import { useNavigate } from '@tanstack/react-router'
import { RotateCw } from 'lucide-react'

import type { Run } from '@/gen/tickreel/v1/run_pb'
import { RunnerService } from '@/gen/tickreel/v1/runner_service_pb'
import { RpcError } from '@/rpc/rpc-error'
import { Button } from '@/ui/button'
import { showToast } from '@/ui/toasts'

/** Creates a new run with the same config and options, and opens it. */
export function RunAgainButton({ run: { config, options } }: { run: Run }) {
  const navigate = useNavigate()
  const create = useMutation(RunnerService.method.createRun, {
    onSuccess: ({ run }) => run && void navigate({ to: '/runs/$runId', params: { runId: run.runId } }),
    onError: (error) => {
      const { message, violations } = RpcError.from(error)
      const description = violations.map((violation) => `${violation.field}: ${violation.description}`).join('\n')
      showToast({ title: 'Could not create the run', description: description || message, tone: 'danger' })
    },
  })
  return (
    <Button
      Icon={RotateCw}
      busy={create.isPending}
      disabledBecause={config === undefined ? 'The config was not kept' : undefined}
      onClick={() => {
        if (config === undefined || options === undefined) return
        create.mutate({ requestId: crypto.randomUUID(), source: { case: 'config', value: config }, options })
      }}
    >
      Run again
    </Button>
  )
}
