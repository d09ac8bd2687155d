import { createQueryOptions, useQuery, useTransport } from '@connectrpc/connect-query'
import { useQueries } from '@tanstack/react-query'

import { CatalogService, type Dataset } from '@/gen/tickreel/v1/catalog_service_pb'
import { RpcError } from '@/rpc/rpc-error'

import { coverageOf, type Day } from './coverage'

/** Number of newest day folders whose files are read. */
const MOST_DAYS = 400

export interface Datasets {
  datasets: readonly Dataset[]
  /** Days with data of the instrument. */
  days: readonly Day[]
  isPending: boolean
  error: RpcError | undefined
  retry: () => void
}

/** Day folders of raw data, and their coverage of an instrument. */
export function useDatasets(rawName: string): Datasets {
  const transport = useTransport()
  const list = useQuery(CatalogService.method.listDatasets, { pageSize: MOST_DAYS })
  const datasets = list.data?.datasets ?? []
  const mine = datasets.filter(({ instruments }) => instruments.includes(rawName))
  const files = useQueries({
    queries: mine.map(({ datasetId }) => ({
      ...createQueryOptions(CatalogService.method.getDataset, { datasetId }, { transport }),
      staleTime: 30_000,
    })),
  })
  return {
    datasets,
    days: coverageOf(
      files.flatMap(({ data }) => data?.dataset ?? []),
      rawName,
    ),
    isPending: list.isPending || files.some(({ isPending }) => isPending),
    error: list.error === null ? undefined : RpcError.from(list.error),
    retry: () => void list.refetch(),
  }
}
