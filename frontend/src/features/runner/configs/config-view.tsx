import { useQuery } from '@connectrpc/connect-query'
import { Play } from 'lucide-react'

import { RunnerService } from '@/gen/tickreel/v1/runner_service_pb'
import { RpcError } from '@/rpc/rpc-error'
import { ButtonLink } from '@/ui/button'
import { CopyButton } from '@/ui/copy-button'
import { ErrorState } from '@/ui/error-state'
import { JsonText } from '@/ui/json-text'
import { SkeletonRows } from '@/ui/skeleton'

/** One config: what is wrong with it, and its text. */
export function ConfigView({ configId }: { configId: string }) {
  const query = useQuery(RunnerService.method.getConfig, { configId })
  if (query.isPending) return <SkeletonRows />
  if (query.isError) return <ErrorState problem={RpcError.from(query.error)} onRetry={() => void query.refetch()} />
  const { text = '', violations = [] } = query.data.config ?? {}
  return (
    <section aria-label={configId} className="flex min-h-0 min-w-0 flex-col">
      <header className="flex h-10 shrink-0 items-center gap-2 border-b border-line pr-2 pl-4">
        <h2 className="figures truncate text-sm">{`configs/${configId}.json`}</h2>
        <span className="ml-auto" />
        <CopyButton text={text} label="Copy the config" />
        {violations.length === 0 && (
          <ButtonLink variant="primary" Icon={Play} to="/" search={{ config: configId }}>
            Run it
          </ButtonLink>
        )}
      </header>
      {violations.length > 0 && (
        <div className="border-b border-line">
          <ErrorState problem={{ message: 'A run of this config would be refused:', violations }} />
        </div>
      )}
      <div className="min-h-0 flex-1 overflow-auto p-4">
        <JsonText text={text} />
      </div>
    </section>
  )
}
