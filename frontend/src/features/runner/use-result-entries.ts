import { useInfiniteQuery } from '@connectrpc/connect-query'
import { useEffect, useMemo } from 'react'

import type { ResultEntry } from '@/gen/tickreel/v1/result_pb'
import { ResultsService } from '@/gen/tickreel/v1/results_service_pb'

/** All results, by run id. */
export interface ResultEntries {
  readonly byRun: ReadonlyMap<string, ResultEntry>
  /** Time of the request, by the page's clock in milliseconds. */
  readonly asOf: number
}

/** All results; undefined until all pages have arrived. */
export function useResultEntries(): ResultEntries | undefined {
  const { data, dataUpdatedAt, hasNextPage, isFetching, fetchNextPage } = useInfiniteQuery(
    ResultsService.method.listResults,
    { pageSize: 500, pageToken: '' },
    { pageParamKey: 'pageToken', getNextPageParam: (last) => last.nextPageToken || undefined },
  )
  useEffect(() => {
    if (hasNextPage && !isFetching) void fetchNextPage()
  }, [hasNextPage, isFetching, fetchNextPage])
  return useMemo(() => {
    if (data === undefined || hasNextPage) return undefined
    const entries = data.pages.flatMap(({ results }) => results)
    const byRun = new Map(entries.map((entry) => [entry.runId, entry]))
    return { byRun, asOf: dataUpdatedAt }
  }, [data, dataUpdatedAt, hasNextPage])
}
