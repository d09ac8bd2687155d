import { createQueryOptions, useTransport } from '@connectrpc/connect-query'
import { useQueries } from '@tanstack/react-query'

import { SnapshotMode } from '@/gen/tickreel/v1/result_pb'
import { type ConfigFile, type CreateRunResponse, RunnerService } from '@/gen/tickreel/v1/runner_service_pb'
import { RpcError, type Violation } from '@/rpc/rpc-error'

/** Number of configs to check, from the start of the list. Each check is a call of a few milliseconds. */
const MOST = 50

/** The Runner's check of a config: its problems, or what a run would read. Empty while pending. */
export interface ConfigCheck {
  violations: readonly Violation[]
  response: CreateRunResponse | undefined
  /** Why the check failed. */
  error: RpcError | undefined
}

/** Check configs against the current data with the Runner, for a replay of trades and books, without creating runs. */
export function useConfigChecks(configs: readonly ConfigFile[], open: string | undefined): Map<string, ConfigCheck> {
  const transport = useTransport()
  const checked = configs.filter(
    ({ configId, violations }, index) => violations.length === 0 && (index < MOST || configId === open),
  )
  const checks = useQueries({
    queries: checked.map(({ configId }) => ({
      ...createQueryOptions(
        RunnerService.method.createRun,
        {
          source: { case: 'configId', value: configId },
          options: { snapshotMode: SnapshotMode.BOTH },
          validateOnly: true,
        },
        { transport },
      ),
      staleTime: 30_000,
    })),
  })
  return new Map([
    ...configs.map(
      ({ configId, violations }) => [configId, { violations, response: undefined, error: undefined }] as const,
    ),
    ...checked.map(({ configId }, index) => [configId, checkOf(checks[index])] as const),
  ])
}

function checkOf(query: { data: CreateRunResponse | undefined; error: Error | null } | undefined): ConfigCheck {
  const error = query?.error ? RpcError.from(query.error) : undefined
  const violations = error?.violations ?? []
  return { violations, response: query?.data, error: violations.length > 0 ? undefined : error }
}
