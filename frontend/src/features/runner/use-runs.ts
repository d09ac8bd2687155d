import { createConnectQueryKey, useInfiniteQuery } from '@connectrpc/connect-query'
import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useMemo } from 'react'

import type { RunEntry } from '@/gen/tickreel/v1/run_pb'
import { ResultsService } from '@/gen/tickreel/v1/results_service_pb'
import { RunnerService } from '@/gen/tickreel/v1/runner_service_pb'
import { useLiveRuns } from '@/jobs/live-runs'

const LIST_RUNS = RunnerService.method.listRuns

/** All runs, newest first: the list of the service, updated from the stream of live runs. */
export function useRuns() {
  const { state: live } = useLiveRuns()
  const query = useInfiniteQuery(
    LIST_RUNS,
    { pageSize: 500, pageToken: '' },
    { pageParamKey: 'pageToken', getNextPageParam: (last) => last.nextPageToken || undefined },
  )
  const { data, hasNextPage, isFetching, fetchNextPage } = query
  useEffect(() => {
    if (hasNextPage && !isFetching) void fetchNextPage()
  }, [hasNextPage, isFetching, fetchNextPage])

  // The list changes when a run is created or ends.
  const queries = useQueryClient()
  const states = [...live.values()].map((run) => `${run.runId} ${run.state}`).join()
  useEffect(() => {
    const listResults = ResultsService.method.listResults
    void queries.invalidateQueries({ queryKey: createConnectQueryKey({ schema: LIST_RUNS, cardinality: undefined }) })
    void queries.invalidateQueries({ queryKey: createConnectQueryKey({ schema: listResults, cardinality: undefined }) })
  }, [queries, states])

  const runs = useMemo(() => merge(data?.pages.flatMap((page) => page.runs) ?? [], live), [data, live])
  return { runs, query }
}

function merge(listed: readonly RunEntry[], live: ReadonlyMap<string, RunEntry>): RunEntry[] {
  const known = new Set(listed.map((run) => run.runId))
  const newer = [...live.values()].filter((run) => !known.has(run.runId)).sort((a, b) => createdAt(b) - createdAt(a))
  return [...newer, ...listed.map((run) => live.get(run.runId) ?? run)]
}

/** Creation time of a run, in UNIX seconds. */
export function createdAt({ createdAt }: Pick<RunEntry, 'createdAt'>): number {
  return createdAt === undefined ? 0 : Number(createdAt.seconds) + createdAt.nanos / 1e9
}
