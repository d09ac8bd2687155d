import { useQuery } from '@connectrpc/connect-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { CircleAlert } from 'lucide-react'

import { type ConfigFile, RunnerService } from '@/gen/tickreel/v1/runner_service_pb'
import { problemCount } from '@/rpc/problem-count'
import { RpcError } from '@/rpc/rpc-error'
import { classNames } from '@/ui/class-names'
import { EmptyState } from '@/ui/empty-state'
import { ErrorState } from '@/ui/error-state'
import { countOf } from '@/ui/format/count'
import { formatWindow, instantOf } from '@/ui/format/instant'
import { Screen } from '@/ui/screen'
import { SkeletonRows } from '@/ui/skeleton'

import { instrumentName } from '../run-facts'
import { ConfigView } from './config-view'
import { useConfigChecks } from './use-config-checks'

const route = getRouteApi('/configs')

/** Config files in configs/, each with its instrument, its problems and its text. */
export function ConfigsScreen() {
  const { config: chosen } = route.useSearch()
  const query = useQuery(RunnerService.method.listConfigs, { pageSize: 500 })
  const configs = query.data?.configs ?? []
  const open = chosen ?? configs[0]?.configId
  const checks = useConfigChecks(configs, open)
  return (
    <Screen title="Configs" context="JSON files in configs/, read-only">
      {query.isPending ? (
        <SkeletonRows />
      ) : query.isError ? (
        <ErrorState problem={RpcError.from(query.error)} onRetry={() => void query.refetch()} />
      ) : configs.length === 0 ? (
        <EmptyState>No configs yet. Put a JSON file into configs/ and reload the page.</EmptyState>
      ) : (
        <div className="grid h-full max-sm:grid-rows-[auto_1fr] sm:grid-cols-[minmax(260px,360px)_1fr]">
          <ul aria-label="Configs" className="overflow-auto border-line max-sm:max-h-60 max-sm:border-b sm:border-r">
            {configs.map((config) => (
              <li key={config.configId}>
                <ConfigEntry
                  config={config}
                  problems={problemCount(checks.get(config.configId)?.violations ?? [])}
                  current={config.configId === open}
                />
              </li>
            ))}
          </ul>
          {open !== undefined && <ConfigView key={open} configId={open} check={checks.get(open)} />}
        </div>
      )}
    </Screen>
  )
}

interface ConfigEntryProps {
  config: ConfigFile
  /** Number of problems that prevent a run. */
  problems: number
  current: boolean
}

function ConfigEntry({ config: { configId, config }, problems, current }: ConfigEntryProps) {
  const { start, end } = config?.timeWindow ?? {}
  return (
    <Link
      to="/configs"
      search={{ config: configId }}
      aria-current={current}
      className={classNames(
        'block border-b border-line px-4 py-2 -outline-offset-2 hover:bg-hover',
        current && 'bg-accent-soft',
      )}
    >
      <span className="flex items-center gap-2">
        <span className="figures truncate">{configId}</span>
        {problems > 0 && (
          <span className="ml-auto flex shrink-0 items-center gap-1 text-xs text-danger">
            <CircleAlert size={12} aria-hidden />
            {countOf(problems, 'problem')}
          </span>
        )}
      </span>
      <span className="block truncate text-xs text-muted">
        {config ? instrumentName(config.instrument?.id ?? '').symbol : 'Not a valid config'}
        {start && end && <span className="figures"> {formatWindow(instantOf(start), instantOf(end), 'min')}</span>}
      </span>
    </Link>
  )
}
