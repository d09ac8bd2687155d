import { useInfiniteQuery } from '@connectrpc/connect-query'

import { ConverterService } from '@/gen/tickreel/v1/converter_service_pb'
import { hasEnded } from '@/jobs/job'

/** How often the list is asked for, in milliseconds, while a conversion lives and else: there is no stream of all of them. */
const LIVELY = 1_000
const QUIET = 10_000

/** All conversions, newest first, as far as they were asked for. */
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
