import { createQueryOptions, useTransport } from '@connectrpc/connect-query'
import { useQueries } from '@tanstack/react-query'

import { SnapshotMode } from '@/gen/tickreel/v1/result_pb'
import { type ConfigFile, type CreateRunResponse, RunnerService } from '@/gen/tickreel/v1/runner_service_pb'
import { RpcError, type Violation } from '@/rpc/rpc-error'

/** Of how many configs, the first of the list, the Runner is asked: each is a call of some milliseconds. */
const MOST = 50

/** What the Runner says of a config: problems, or what a run of it would read; neither while it is asked. */
export interface ConfigCheck {
  violations: readonly Violation[]
  response: CreateRunResponse | undefined
  /** Why the Runner could not say. */
  error: RpcError | undefined
}

/** What the Runner says of configs against the data that there is, for a replay of trades against books; nothing is created. */
export function useConfigChecks(configs: readonly ConfigFile[], open: string | undefined): Map<string, ConfigCheck> {
  const transport = useTransport()
  const asked = configs.filter(
    ({ configId, violations }, index) => violations.length === 0 && (index < MOST || configId === open),
  )
  const checks = useQueries({
    queries: asked.map(({ configId }) => ({
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
    ...asked.map(({ configId }, index) => [configId, checkOf(checks[index])] as const),
  ])
}

function checkOf(query: { data: CreateRunResponse | undefined; error: Error | null } | undefined): ConfigCheck {
  const error = query?.error ? RpcError.from(query.error) : undefined
  const violations = error?.violations ?? []
  return { violations, response: query?.data, error: violations.length > 0 ? undefined : error }
}
