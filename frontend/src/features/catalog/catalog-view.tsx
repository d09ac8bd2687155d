import { useInfiniteQuery } from '@connectrpc/connect-query'

import { CatalogService, type CatalogInstrument } from '@/gen/tickreel/v1/catalog_service_pb'
import { RpcError } from '@/rpc/rpc-error'
import { DataTable } from '@/ui/data-table'
import { EmptyState } from '@/ui/empty-state'
import { ErrorState } from '@/ui/error-state'
import { countOf, formatBytes, formatCount } from '@/ui/format/count'
import { formatWindow } from '@/ui/format/instant'
import { SkeletonRows } from '@/ui/skeleton'
import type { Column } from '@/ui/table-column'
import { TwoLines } from '@/ui/two-lines'

import { DATA_TYPE_WORDS, spanOf } from './data-facts'
import { InstrumentCoverage } from './instrument-coverage'
import { MasterDetail } from '@/ui/master-detail'

const COLUMNS: readonly Column<CatalogInstrument>[] = [
  {
    id: 'id',
    header: 'Instrument',
    width: 260,
    grow: true,
    cell: ({ instrumentId }) => <span className="figures">{instrumentId}</span>,
  },
  {
    id: 'types',
    header: 'Data',
    width: 120,
    priority: 3,
    cell: ({ dataTypes }) => (
      <span className="text-muted">{dataTypes.map((type) => DATA_TYPE_WORDS[type]).join(', ')}</span>
    ),
  },
  {
    id: 'span',
    header: 'Interval (UTC)',
    width: 276,
    priority: 2,
    cell: ({ span }) => {
      const window = spanOf(span)
      return <span className="figures text-muted">{window && formatWindow(window.start, window.end)}</span>
    },
  },
  {
    id: 'decimals',
    header: 'Decimals (price, size)',
    width: 140,
    priority: 1,
    cell: ({ decimals }) => (
      <span className="figures text-muted">
        {decimals.map(({ pricePrecision, sizePrecision }) => `${pricePrecision}, ${sizePrecision}`).join(' · ')}
      </span>
    ),
  },
  { id: 'rows', header: 'Rows', width: 110, align: 'end', cell: ({ rows }) => formatCount(rows) },
  { id: 'files', header: 'Files', width: 70, align: 'end', priority: 4, cell: ({ files }) => formatCount(files) },
  { id: 'size', header: 'Size', width: 96, align: 'end', priority: 5, cell: ({ sizeBytes }) => formatBytes(sizeBytes) },
]

/** Row of an instrument on a phone. */
function InstrumentLines({ instrumentId, dataTypes, span, rows }: CatalogInstrument) {
  const window = spanOf(span)
  return (
    <TwoLines
      top={instrumentId}
      topEnd={<span className="text-muted">{dataTypes.map((type) => DATA_TYPE_WORDS[type]).join(', ')}</span>}
      bottom={window && formatWindow(window.start, window.end, 'min')}
      bottomEnd={countOf(rows, 'row')}
    />
  )
}

interface CatalogViewProps {
  chosen: string | undefined
  onChoose: (instrumentId: string) => void
}

/** Instruments of the catalog, and the coverage of the selected one. */
export function CatalogView({ chosen, onChoose }: CatalogViewProps) {
  const query = useInfiniteQuery(
    CatalogService.method.listInstruments,
    { pageSize: 500, pageToken: '' },
    { pageParamKey: 'pageToken', getNextPageParam: (last) => last.nextPageToken || undefined },
  )
  if (query.isPending) return <SkeletonRows />
  if (query.isError) return <ErrorState problem={RpcError.from(query.error)} onRetry={() => void query.refetch()} />
  const instruments = query.data.pages.flatMap((page) => page.instruments)
  if (instruments.length === 0) {
    return <EmptyState>The catalog is empty. Runs convert the raw files that they need.</EmptyState>
  }
  const open = chosen ?? instruments[0]?.instrumentId
  return (
    <MasterDetail
      rows={instruments.length}
      master={
        <DataTable
          label="Instruments"
          columns={COLUMNS}
          phoneRow={InstrumentLines}
          rows={instruments}
          rowKey={(instrument) => instrument.instrumentId}
          selected={open}
          onSelect={(instrument) => {
            onChoose(instrument.instrumentId)
          }}
          onVisible={(_, last) => {
            if (last >= instruments.length - 50 && query.hasNextPage && !query.isFetching) void query.fetchNextPage()
          }}
        />
      }
      detail={open !== undefined && <InstrumentCoverage key={open} instrumentId={open} />}
    />
  )
}
