import { fromJsonString, toJsonString } from '@bufbuild/protobuf'
import { useQuery } from '@connectrpc/connect-query'
import { keepPreviousData, skipToken } from '@tanstack/react-query'
import { useEffect, useState } from 'react'

import {
  type CreateRunRequest,
  CreateRunRequestSchema,
  type CreateRunResponse,
  RunnerService,
} from '@/gen/tickreel/v1/runner_service_pb'
import { RpcError, type Violation } from '@/rpc/rpc-error'

/** Debounce time of checks in milliseconds. */
const PAUSE = 250

export interface Check {
  /** Whether the check of the current request is pending. */
  checking: boolean
  /** Resolved run and preview; while checking, those of the previous request. */
  response: CreateRunResponse | undefined
  violations: readonly Violation[]
  /** Error that belongs to no field, such as an unreachable Runner. */
  error: RpcError | undefined
  retry: () => void
}

/** Let the Runner check a request whenever it changes, without creating a run. */
export function useCheck(request: CreateRunRequest | undefined): Check {
  const key = request && toJsonString(CreateRunRequestSchema, request)
  const settled = useSettled(key)
  const query = useQuery(
    RunnerService.method.createRun,
    settled === undefined ? skipToken : { ...fromJsonString(CreateRunRequestSchema, settled), validateOnly: true },
    { placeholderData: keepPreviousData },
  )
  const error = settled === undefined || query.error === null ? undefined : RpcError.from(query.error)
  const refused = error !== undefined && error.violations.length > 0
  return {
    checking:
      key !== settled || (query.isFetching && query.isPlaceholderData) || (key !== undefined && query.isPending),
    response: settled === undefined || error !== undefined ? undefined : query.data,
    violations: refused ? error.violations : [],
    error: refused ? undefined : error,
    retry: () => void query.refetch(),
  }
}

/** Debounced value; the first value is not delayed. */
function useSettled(value: string | undefined): string | undefined {
  const [settled, setSettled] = useState(value)
  useEffect(() => {
    const timer = setTimeout(
      () => {
        setSettled(value)
      },
      settled === undefined || value === undefined ? 0 : PAUSE,
    )
    return () => {
      clearTimeout(timer)
    }
  }, [value, settled])
  return settled
}
