import { create } from '@bufbuild/protobuf'
import { createConnectQueryKey, useTransport } from '@connectrpc/connect-query'
import { useQueryClient } from '@tanstack/react-query'

import type { Run } from '@/gen/tickreel/v1/run_pb'
import { type GetRunResponse, GetRunResponseSchema, RunnerService } from '@/gen/tickreel/v1/runner_service_pb'

/** Last known state of runs, shown until the stream of the run sends its first message. */
export function useRunCache() {
  const queries = useQueryClient()
  const transport = useTransport()
  const keyOf = (runId: string) =>
    createConnectQueryKey({ schema: RunnerService.method.getRun, input: { runId }, transport, cardinality: 'finite' })
  return {
    get: (runId: string) => queries.getQueryData<GetRunResponse>(keyOf(runId))?.run,
    set: (run: Run) => queries.setQueryData(keyOf(run.runId), create(GetRunResponseSchema, { run })),
  }
}
