import { toJsonString } from '@bufbuild/protobuf'
import { useMutation } from '@connectrpc/connect-query'
import { useRef } from 'react'

import type { Run } from '@/gen/tickreel/v1/run_pb'
import { type CreateRunRequest, CreateRunRequestSchema, RunnerService } from '@/gen/tickreel/v1/runner_service_pb'
import { RpcError } from '@/rpc/rpc-error'

import { useRunCache } from '../run-cache'

export interface Launch {
  /** Creates the run of a request. Repeating a request creates no second run while the form is open. */
  launch: (request: CreateRunRequest) => void
  isPending: boolean
  error: RpcError | undefined
}

/** Create runs idempotently, so that a second click or a retry after a lost answer creates no second run. */
export function useLaunch(onLaunched: (run: Run) => void): Launch {
  const { mutateAsync, isPending, error } = useMutation(RunnerService.method.createRun)
  const cache = useRunCache()
  const intent = useRef<{ key: string; requestId: string }>(undefined)

  const launch = async (request: CreateRunRequest) => {
    const key = toJsonString(CreateRunRequestSchema, request)
    if (intent.current?.key !== key) intent.current = { key, requestId: newRequestId() }
    const { run } = await mutateAsync({ ...request, requestId: intent.current.requestId })
    if (run === undefined) return
    cache.set(run)
    onLaunched(run)
  }
  return {
    launch: (request) => {
      // The failure is in `error`.
      if (!isPending) launch(request).catch(() => undefined)
    },
    isPending,
    error: error === null ? undefined : RpcError.from(error),
  }
}

/** 128 random bits. `randomUUID` exists only on secure origins, and a gateway in a local network is not one. */
function newRequestId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
