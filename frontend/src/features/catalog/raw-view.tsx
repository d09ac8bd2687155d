import { useInfiniteQuery } from '@connectrpc/connect-query'
import { TriangleAlert } from 'lucide-react'

import { CatalogService, type Dataset } from '@/gen/tickreel/v1/catalog_service_pb'
import { RpcError } from '@/rpc/rpc-error'
import { Badge } from '@/ui/badge'
import { DataTable } from '@/ui/data-table'
import { DayStrip } from '@/ui/day-strip'
import { ErrorState } from '@/ui/error-state'
import { countOf, formatBytes, formatCount } from '@/ui/format/count'
import { formatWindow } from '@/ui/format/instant'
import { SkeletonRows } from '@/ui/skeleton'
import type { Column } from '@/ui/table-column'
import { TwoLines } from '@/ui/two-lines'

import { DATA_TYPE_WORDS, spanOf } from './data-facts'
import { DatasetFiles } from './dataset-files'
import { NoData } from './no-data'
import { MasterDetail } from '@/ui/master-detail'

const COLUMNS: readonly Column<Dataset>[] = [
  {
    id: 'date',
    header: 'Day',
    width: 104,
    cell: ({ date, datasetId }) => <span className="figures">{date || datasetId}</span>,
  },
  {
    id: 'warnings',
    header: 'Warnings',
    width: 84,
    cell: ({ warnings }) => <Warnings count={warnings.length} />,
  },
  {
    id: 'hours',
    header: 'Hours (UTC)',
    width: 160,
    grow: true,
    priority: 4,
    cell: ({ datasetId, date, span }) => (
      <DayStrip label={`Hours of ${datasetId}`} date={date} spans={[spanOf(span)]} />
    ),
  },
  {
    id: 'instruments',
    header: 'Instruments',
    width: 224,
    grow: true,
    cell: ({ instruments }) => <span title={instruments.join('\n')}>{instruments.map(symbolOf).join(', ')}</span>,
  },
  {
    id: 'types',
    header: 'Data',
    width: 120,
    priority: 2,
    cell: ({ dataTypes }) => (
      <span className="text-muted">{dataTypes.map((type) => DATA_TYPE_WORDS[type]).join(', ')}</span>
    ),
  },
  {
    id: 'span',
    header: 'Recorded (UTC)',
    width: 276,
    priority: 1,
    cell: ({ span }) => {
      const window = spanOf(span)
      return <span className="figures text-muted">{window ? formatWindow(window.start, window.end) : 'unknown'}</span>
    },
  },
  { id: 'rows', header: 'Rows', width: 110, align: 'end', cell: ({ rows }) => formatCount(rows) },
  { id: 'size', header: 'Size', width: 96, align: 'end', priority: 3, cell: ({ sizeBytes }) => formatBytes(sizeBytes) },
]

function Warnings({ count }: { count: number }) {
  if (count === 0) return <span className="text-muted">none</span>
  return (
    <Badge tone="warning" Icon={TriangleAlert}>
      {count}
    </Badge>
  )
}

/** Row of a day folder on a phone. */
function DayLines({ datasetId, date, instruments, rows, warnings }: Dataset) {
  return (
    <TwoLines
      top={date || datasetId}
      topEnd={warnings.length > 0 && <Warnings count={warnings.length} />}
      bottom={instruments.map(symbolOf).join(', ')}
      bottomEnd={countOf(rows, 'row')}
    />
  )
}

interface RawViewProps {
  chosen: string | undefined
  onChoose: (datasetId: string) => void
}

/** Day folders of raw data, newest first, and the files of the selected one. */
export function RawView({ chosen, onChoose }: RawViewProps) {
  const query = useInfiniteQuery(
    CatalogService.method.listDatasets,
    { pageSize: 500, pageToken: '' },
    { pageParamKey: 'pageToken', getNextPageParam: (last) => last.nextPageToken || undefined },
  )
  if (query.isPending) return <SkeletonRows />
  if (query.isError) return <ErrorState problem={RpcError.from(query.error)} onRetry={() => void query.refetch()} />
  const datasets = query.data.pages.flatMap((page) => page.datasets)
  if (datasets.length === 0) return <NoData />
  const open = chosen ?? datasets[0]?.datasetId
  return (
    <MasterDetail
      rows={datasets.length}
      master={
        <DataTable
          label="Day folders"
          columns={COLUMNS}
          phoneRow={DayLines}
          rows={datasets}
          rowKey={(dataset) => dataset.datasetId}
          selected={open}
          onSelect={(dataset) => {
            onChoose(dataset.datasetId)
          }}
          onVisible={(_, last) => {
            if (last >= datasets.length - 50 && query.hasNextPage && !query.isFetching) void query.fetchNextPage()
          }}
        />
      }
      detail={open !== undefined && <DatasetFiles key={open} datasetId={open} />}
    />
  )
}

function symbolOf(rawName: string): string {
  return rawName.split(':').at(-1) ?? rawName
}
