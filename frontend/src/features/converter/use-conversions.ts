import { useInfiniteQuery } from '@connectrpc/connect-query'

import { ConverterService } from '@/gen/tickreel/v1/converter_service_pb'
import { hasEnded } from '@/jobs/job'

/** Polling intervals in milliseconds, with and without a running conversion. There is no stream of all conversions. */
const LIVELY = 1_000
const QUIET = 10_000

/** Conversions, newest first, in pages. */
export function useConversions() {
  return useInfiniteQuery(
    ConverterService.method.listConversions,
    { pageSize: 100, pageToken: '' },
    {
      pageParamKey: 'pageToken',
      getNextPageParam: (last) => last.nextPageToken || undefined,
      refetchInterval: ({ state }) =>
        state.data?.pages.some(({ conversions }) => conversions.some((conversion) => !hasEnded(conversion)))
          ? LIVELY
          : QUIET,
    },
  )
}
