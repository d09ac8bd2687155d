import { useMutation, useQuery } from '@connectrpc/connect-query'
import { Play } from 'lucide-react'

import { RunMode } from '@/gen/tickreel/v1/result_pb'
import { RunnerService } from '@/gen/tickreel/v1/runner_service_pb'
import { RpcError } from '@/rpc/rpc-error'
import { Button } from '@/ui/button'
import { ErrorState } from '@/ui/error-state'

interface FastRunProps {
  runId: string
  onRun: (runId: string) => void
}

/** Notice that a fast run keeps only the summary, with a button that runs it again in full. */
export function FastRun({ runId, onRun }: FastRunProps) {
  const run = useQuery(RunnerService.method.getRun, { runId }, { staleTime: Infinity })
  const create = useMutation(RunnerService.method.createRun)
  const { config, options } = run.data?.run ?? {}
  const start = () => {
    if (!config || !options) return
    create.mutate(
      {
        requestId: crypto.randomUUID(),
        source: { case: 'config', value: config },
        options: { ...options, mode: RunMode.FULL },
      },
      {
        onSuccess: (response) => {
          if (response.run) onRun(response.run.runId)
        },
      },
    )
  }
  return (
    <div className="border-b border-line bg-surface px-4 py-2">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <p className="text-sm text-muted">
          Fast run: only the summary was kept. A full run also keeps equity, orders, fills and the timeline.
        </p>
        <span className="ml-auto">
          <Button
            Icon={Play}
            busy={create.isPending}
            disabledBecause={run.error ? 'The runner no longer has the config of this run' : undefined}
            onClick={start}
          >
            Run again in full
          </Button>
        </span>
      </div>
      {create.error && <ErrorState problem={RpcError.from(create.error)} onRetry={start} />}
    </div>
  )
}
