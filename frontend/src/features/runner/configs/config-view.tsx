import type { JsonObject } from '@bufbuild/protobuf'
import { useQuery } from '@connectrpc/connect-query'
import { Check, CircleAlert, Play } from 'lucide-react'

import { RunnerService } from '@/gen/tickreel/v1/runner_service_pb'
import { problemCount } from '@/rpc/problem-count'
import { RpcError } from '@/rpc/rpc-error'
import { ButtonLink } from '@/ui/button'
import { CopyButton } from '@/ui/copy-button'
import { ErrorState } from '@/ui/error-state'
import { countOf, formatCount } from '@/ui/format/count'
import { JsonText } from '@/ui/json-text'
import { Skeleton, SkeletonRows } from '@/ui/skeleton'

import { ConfigSummary } from '../launch/config-summary'
import type { ConfigCheck } from './use-config-checks'

interface ConfigViewProps {
  configId: string
  check: ConfigCheck | undefined
}

/** One config: its summary, its check against the data, and its text. */
export function ConfigView({ configId, check }: ConfigViewProps) {
  const query = useQuery(RunnerService.method.getConfig, { configId })
  if (query.isPending) return <SkeletonRows />
  if (query.isError) return <ErrorState problem={RpcError.from(query.error)} onRetry={() => void query.refetch()} />
  const { text = '', violations = [] } = query.data.config ?? {}
  const document = documentOf(text)
  return (
    <section aria-label={configId} className="flex min-h-0 min-w-0 flex-col">
      <header className="flex h-10 shrink-0 items-center gap-2 border-b border-line pr-2 pl-4">
        <h2 className="figures truncate text-sm">{`configs/${configId}.json`}</h2>
        <span className="ml-auto" />
        <CopyButton text={text} label="Copy config" />
        {violations.length === 0 && (
          <ButtonLink variant="primary" Icon={Play} to="/" search={{ config: configId }}>
            Run this config
          </ButtonLink>
        )}
      </header>
      <div className="@container min-h-0 flex-1 overflow-auto">
        <div className="grid gap-x-8 gap-y-4 border-b border-line px-4 py-3 @2xl:grid-cols-2">
          {document && <ConfigSummary document={document} whole />}
          {check && <Checked check={check} />}
        </div>
        <div className="p-4">
          <JsonText text={text} />
        </div>
      </div>
    </section>
  )
}

/** Result of the check: the problems that prevent a run, or the data that a run would read. */
function Checked({ check: { violations, response, error } }: { check: ConfigCheck }) {
  if (error !== undefined)
    return <p className="text-sm text-muted">{`The config could not be checked: ${error.message}`}</p>
  if (violations.length > 0) {
    return (
      <section aria-label="Problems" className="min-w-0">
        <h3 className="flex items-center gap-1.5 pb-1 text-xs font-medium text-danger">
          <CircleAlert size={13} aria-hidden />
          {`Cannot run: ${countOf(problemCount(violations), 'problem')}`}
        </h3>
        <ul className="flex flex-col gap-1 text-sm">
          {violations.map(({ field, description }) => (
            <li key={field + description} className="break-words">
              <span className="figures text-xs text-muted">{field}</span> {description}
            </li>
          ))}
        </ul>
      </section>
    )
  }
  const preview = response?.preview
  if (preview === undefined) return <Skeleton width="60%" />
  const missing = preview.files.filter(({ cached }) => !cached).length
  return (
    <section aria-label="Checked against the data" className="min-w-0 text-xs">
      <h3 className="flex items-center gap-1.5 pb-1 font-medium text-accent">
        <Check size={13} aria-hidden />
        Ready to run with the current data
      </h3>
      <dl className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-0.5">
        <dt className="text-faint">Trade rows</dt>
        <dd className="figures text-muted">{formatCount(preview.tradeRows)}</dd>
        <dt className="text-faint">Book rows</dt>
        <dd className="figures text-muted">{formatCount(preview.bookRows)}</dd>
        <dt className="text-faint">Files</dt>
        <dd className="text-muted">
          {`${countOf(preview.files.length, 'file')}, ${missing === 0 ? 'all in the catalog' : `${formatCount(missing)} to convert first`}`}
        </dd>
        <dt className="text-faint">Findings</dt>
        <dd className="text-muted">{preview.findings.length === 0 ? 'none' : formatCount(preview.findings.length)}</dd>
      </dl>
    </section>
  )
}

/** Parse the text; undefined if it is not a JSON object. */
function documentOf(text: string): JsonObject | undefined {
  try {
    const value = JSON.parse(text) as unknown
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined
  } catch {
    return undefined
  }
}
