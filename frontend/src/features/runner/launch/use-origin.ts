import { type JsonObject, toJson } from '@bufbuild/protobuf'
import { useQuery } from '@connectrpc/connect-query'

import { RunConfigSchema } from '@/gen/tickreel/v1/run_config_pb'
import type { RunOptions } from '@/gen/tickreel/v1/run_pb'
import { RunnerService } from '@/gen/tickreel/v1/runner_service_pb'
import { RpcError } from '@/rpc/rpc-error'

import { type ConfigText, readConfigText, toText } from './config-text'
import type { LaunchSearch } from './launch-search'

/** Starting point of the form: a config under configs/, or the stored config and options of a run. */
export interface Origin {
  /** Identifies the config. */
  key: string
  /** Id of the config; undefined if the origin is a run. */
  configId: string | undefined
  runId: string | undefined
  options: RunOptions | undefined
  config: ConfigText
}

export interface OriginQuery {
  origin: Origin | undefined
  isPending: boolean
  error: RpcError | undefined
  retry: () => void
}

/** Load the starting point named in the URL. `config` takes precedence over `from`, since it was chosen later. */
export function useOrigin({ config, from }: Pick<LaunchSearch, 'config' | 'from'>): OriginQuery {
  const ofRun = config === undefined && from !== undefined
  const file = useQuery(
    RunnerService.method.getConfig,
    { configId: config },
    {
      enabled: config !== undefined,
      select: ({ config }): Origin | undefined =>
        config && {
          key: `config ${config.configId}`,
          configId: config.configId,
          runId: undefined,
          options: undefined,
          config: readConfigText(config.text),
        },
    },
  )
  const run = useQuery(
    RunnerService.method.getRun,
    { runId: from },
    {
      enabled: ofRun,
      select: ({ run }): Origin | undefined =>
        run?.config && {
          key: `run ${run.runId}`,
          configId: undefined,
          runId: run.runId,
          options: run.options,
          config: readConfigText(toText(toJson(RunConfigSchema, run.config) as JsonObject)),
        },
    },
  )
  const query = ofRun ? run : file
  return {
    origin: query.data,
    isPending: (config !== undefined || ofRun) && query.isPending,
    error: query.error === null ? undefined : RpcError.from(query.error),
    retry: () => void query.refetch(),
  }
}
