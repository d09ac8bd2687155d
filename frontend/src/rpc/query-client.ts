import { QueryClient } from '@tanstack/react-query'

import { RpcError } from './rpc-error'

/** Create the cache of unary reads. Refused calls are final; unanswered calls are retried. */
export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        retry: (failures, error) => failures < 2 && RpcError.from(error).unreachable,
        retryDelay: (failures) => 300 * 2 ** failures,
      },
      mutations: { retry: false },
    },
  })
}
