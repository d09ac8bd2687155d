import { useQuery } from '@connectrpc/connect-query'
import { TriangleAlert } from 'lucide-react'

import { CatalogService, type SourceFile } from '@/gen/tickreel/v1/catalog_service_pb'
import type { Finding } from '@/gen/tickreel/v1/result_pb'
import { RpcError } from '@/rpc/rpc-error'
import { DataTable } from '@/ui/data-table'
import { DayStrip } from '@/ui/day-strip'
import { ErrorState } from '@/ui/error-state'
import { countOf, formatBytes, formatCount } from '@/ui/format/count'
import { formatWindow } from '@/ui/format/instant'
import { SkeletonRows } from '@/ui/skeleton'
import type { Column } from '@/ui/table-column'
import { TwoLines } from '@/ui/two-lines'

import { DATA_TYPE_WORDS, spanOf } from './data-facts'

const columnsOf = (date: string): readonly Column<SourceFile>[] => [
  {
    id: 'instrument',
    header: 'Instrument',
    width: 280,
    cell: ({ instrument }) => <span className="figures">{instrument}</span>,
  },
  {
    id: 'type',
    header: 'Data',
    width: 80,
    cell: ({ dataType }) => <span className="text-muted">{DATA_TYPE_WORDS[dataType]}</span>,
  },
  {
    id: 'hours',
    header: 'Hours (UTC)',
    width: 160,
    grow: true,
    priority: 3,
    cell: ({ path, span }) => <DayStrip label={`Hours of ${path}`} date={date} spans={[spanOf(span)]} />,
  },
  {
    id: 'span',
    header: 'Recorded (UTC)',
    width: 300,
    priority: 1,
    cell: ({ span }) => {
      const window = spanOf(span)
      return (
        <span className="figures text-muted">{window ? formatWindow(window.start, window.end, 'ms') : 'unknown'}</span>
      )
    },
  },
  { id: 'rows', header: 'Rows', width: 110, align: 'end', cell: ({ rows }) => formatCount(rows) },
  { id: 'size', header: 'Size', width: 96, align: 'end', priority: 2, cell: ({ sizeBytes }) => formatBytes(sizeBytes) },
]

/** Files and warnings of a day folder. */
export function DatasetFiles({ datasetId }: { datasetId: string }) {
  const query = useQuery(CatalogService.method.getDataset, { datasetId })
  if (query.isPending) return <SkeletonRows rows={4} />
  if (query.isError) return <ErrorState problem={RpcError.from(query.error)} onRetry={() => void query.refetch()} />
  const { date = '', files = [], warnings = [] } = query.data.dataset ?? {}
  const all = [...warnings, ...files.flatMap((file) => file.warnings)]
  return (
    <section aria-label={datasetId} className="flex h-full flex-col">
      {all.length > 0 && <WarningList warnings={all} />}
      <div className="min-h-40 flex-1">
        <DataTable
          label={`Files of ${datasetId}`}
          columns={columnsOf(date)}
          phoneRow={FileLines}
          rows={files}
          rowKey={(file) => file.path}
        />
      </div>
    </section>
  )
}

/** Row of a file on a phone. */
function FileLines({ instrument, dataType, rows, sizeBytes }: SourceFile) {
  return (
    <TwoLines
      top={instrument}
      bottom={`${DATA_TYPE_WORDS[dataType]} · ${formatBytes(sizeBytes)}`}
      bottomEnd={countOf(rows, 'row')}
    />
  )
}

function WarningList({ warnings }: { warnings: readonly Finding[] }) {
  return (
    <ul aria-label="Warnings" className="shrink-0 border-b border-line">
      {warnings.map(({ code, message }) => (
        <li key={code + message} className="flex gap-2 px-4 py-1">
          <TriangleAlert size={13} aria-hidden className="mt-1 shrink-0 text-warning" />
          <span className="min-w-0 break-words">{message}</span>
        </li>
      ))}
    </ul>
  )
}
