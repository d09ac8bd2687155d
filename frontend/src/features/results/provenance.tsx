import { toJsonString } from '@bufbuild/protobuf'
import { useQuery } from '@connectrpc/connect-query'
import type { ReactNode } from 'react'

import type { Result } from '@/gen/tickreel/v1/result_pb'
import { RunConfigSchema } from '@/gen/tickreel/v1/run_config_pb'
import { RunnerService } from '@/gen/tickreel/v1/runner_service_pb'
import { RpcError } from '@/rpc/rpc-error'
import { CopyButton } from '@/ui/copy-button'
import { ErrorState } from '@/ui/error-state'
import { formatCount } from '@/ui/format/count'
import { formatDuration } from '@/ui/format/duration'
import { SkeletonRows } from '@/ui/skeleton'
import { DATA_TYPE_WORDS, SNAPSHOT_MODE_WORDS } from './words'

/** Provenance of the figures: digests, data, engine, environment and the resolved config. */
export function Provenance({ result }: { result: Result }) {
  const { metadata } = result
  if (!metadata) return null
  return (
    <div className="grid gap-x-8 gap-y-6 p-4 xl:grid-cols-2">
      <div className="flex min-w-0 flex-col gap-6">
        <Facts title="Digests">
          <Fact name="run" value={result.runId} copy />
          <Fact name="config" value={metadata.configDigest} copy />
          <Fact name="data" value={metadata.dataDigest} copy />
          <Fact name="result" value={metadata.resultDigest} copy />
        </Facts>
        <Facts title="Replay">
          <Fact name="engine" value={metadata.engine} />
          <Fact name="snapshot mode" value={SNAPSHOT_MODE_WORDS[metadata.snapshotMode]} />
          <Fact name="from" value={metadata.replayStart} />
          <Fact name="to" value={metadata.replayEnd} />
          <Fact name="slices" value={formatCount(metadata.segments)} />
          {metadata.onePieceBecause && <Fact name="not sliced because" value={metadata.onePieceBecause} />}
          <Fact name="duration" value={formatDuration(metadata.replaySeconds)} />
          <Fact name="peak memory" value={`${formatCount(metadata.peakMemoryMib)} MiB`} />
          <Fact name="created" value={metadata.createdAt} />
        </Facts>
        <Facts title="Data">
          <Fact name="catalog" value={metadata.catalogRoot} />
          {metadata.dataFiles.map((file) => (
            <Fact
              key={file.path}
              name={DATA_TYPE_WORDS[file.dataType]}
              value={`${file.source} · ${formatCount(file.rows)} rows`}
            />
          ))}
        </Facts>
        <Facts title="Environment">
          {Object.entries(metadata.environment)
            .toSorted(([a], [b]) => a.localeCompare(b))
            .map(([name, value]) => (
              <Fact key={name} name={name} value={value} />
            ))}
        </Facts>
      </div>
      <Config runId={result.runId} path={metadata.configPath} />
    </div>
  )
}

function Config({ runId, path }: { runId: string; path: string }) {
  const { data, error, refetch } = useQuery(RunnerService.method.getRun, { runId }, { staleTime: Infinity })
  const config = data?.run?.config
  const text = config && toJsonString(RunConfigSchema, config, { prettySpaces: 2 })
  return (
    <section className="min-w-0">
      <header className="flex h-7 items-center gap-2">
        <h3 className="label">Resolved config</h3>
        <span className="figures truncate text-2xs text-faint">{path}</span>
        {text !== undefined && (
          <span className="ml-auto">
            <CopyButton text={text} label="Copy config" />
          </span>
        )}
      </header>
      {error ? (
        <ErrorState
          problem={RpcError.from(error)}
          onRetry={() => {
            void refetch()
          }}
        />
      ) : text === undefined ? (
        <SkeletonRows />
      ) : (
        <pre
          tabIndex={0}
          aria-label="Config as JSON"
          className="figures overflow-x-auto rounded border border-line bg-surface p-3 text-xs"
        >
          {text}
        </pre>
      )}
    </section>
  )
}

function Facts({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="min-w-0">
      <h3 className="label flex h-7 items-center">{title}</h3>
      <dl className="grid grid-cols-[minmax(96px,auto)_minmax(0,1fr)] gap-x-4">{children}</dl>
    </section>
  )
}

function Fact({ name, value, copy = false }: { name: string; value: string; copy?: boolean }) {
  return (
    <>
      <dt className="flex min-h-7 items-center border-t border-line text-xs break-all text-muted">{name}</dt>
      <dd className="figures flex min-h-7 items-center gap-1 border-t border-line py-0.5 text-xs break-all">
        {value || '–'}
        {copy && <CopyButton text={value} label={`Copy ${name} ${name === 'run' ? 'id' : 'digest'}`} />}
      </dd>
    </>
  )
}
