import { QueryClient } from '@tanstack/react-query'

import { RpcError } from './rpc-error'

/** The cache of unary reads. A refusal is final; a call that nobody answered is tried again. */
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
