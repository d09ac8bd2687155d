import { create } from '@bufbuild/protobuf'

import { type ConversionEntry, type ConversionFigures, ConversionFiguresSchema } from '@/gen/tickreel/v1/conversion_pb'
import { DataType } from '@/gen/tickreel/v1/market_data_pb'
import { secondsTaken } from '@/jobs/job'
import { StateBadge } from '@/jobs/state-badge'
import { RpcError } from '@/rpc/rpc-error'
import { DataTable } from '@/ui/data-table'
import { EmptyState } from '@/ui/empty-state'
import { ErrorState } from '@/ui/error-state'
import { countOf, formatCount } from '@/ui/format/count'
import { formatDuration } from '@/ui/format/duration'
import { formatInstant, formatWindow, instantOf } from '@/ui/format/instant'
import { MasterDetail } from '@/ui/master-detail'
import { SkeletonRows } from '@/ui/skeleton'
import type { Column } from '@/ui/table-column'
import { TwoLines } from '@/ui/two-lines'

import { OneConversion, wasCached } from './one-conversion'
import { useConversions } from './use-conversions'

const COLUMNS: readonly Column<ConversionEntry>[] = [
  { id: 'state', header: 'State', width: 120, cell: (conversion) => <StateBadge job={conversion} /> },
  {
    id: 'instrument',
    header: 'Instrument',
    width: 250,
    grow: true,
    cell: ({ spec }) => <span className="figures">{spec?.instrument}</span>,
  },
  {
    id: 'types',
    header: 'Data',
    width: 110,
    priority: 1,
    cell: ({ spec }) => (
      <span className="text-muted">
        {spec?.dataTypes.map((type) => (type === DataType.TRADES ? 'trades' : 'books')).join(', ')}
      </span>
    ),
  },
  {
    id: 'window',
    header: 'Window (UTC)',
    width: 284,
    priority: 2,
    cell: ({ spec }) => {
      const { start, end } = spec?.window ?? {}
      return (
        <span className="figures text-muted">
          {start && end ? formatWindow(instantOf(start), instantOf(end)) : 'all days'}
        </span>
      )
    },
  },
  { id: 'files', header: 'Files', width: 136, priority: 3, cell: ({ figures }) => filesText(figures) },
  {
    id: 'rows',
    header: 'Rows',
    width: 100,
    align: 'end',
    priority: 4,
    cell: ({ figures }) => formatCount(figures?.rows ?? 0n),
  },
  {
    id: 'created',
    header: 'Created (UTC)',
    width: 150,
    priority: 5,
    cell: ({ createdAt }) => (
      <span className="figures text-muted">{createdAt && formatInstant(instantOf(createdAt))}</span>
    ),
  },
  {
    id: 'took',
    header: 'Duration',
    width: 90,
    align: 'end',
    priority: 6,
    cell: (conversion) =>
      conversion.endedAt && (
        <span className="text-muted">
          {wasCached(conversion) ? 'cached' : formatDuration(secondsTaken(conversion, 0) ?? 0)}
        </span>
      ),
  },
]

interface ConversionsViewProps {
  chosen: string | undefined
  onChoose: (conversionId: string) => void
}

/** All conversions of raw files, including those of runs, and the selected one with live progress. */
export function ConversionsView({ chosen, onChoose }: ConversionsViewProps) {
  const query = useConversions()
  if (query.isPending) return <SkeletonRows />
  if (query.isLoadingError) {
    return <ErrorState problem={RpcError.from(query.error)} onRetry={() => void query.refetch()} />
  }
  const conversions = query.data.pages.flatMap((page) => page.conversions)
  if (conversions.length === 0) {
    return <EmptyState>No conversions yet. Runs convert the raw files that they need.</EmptyState>
  }
  const open = chosen ?? conversions[0]?.conversionId
  return (
    <MasterDetail
      rows={conversions.length}
      master={
        <DataTable
          label="Conversions"
          columns={COLUMNS}
          phoneRow={ConversionLines}
          rows={conversions}
          rowKey={({ conversionId }) => conversionId}
          selected={open}
          onSelect={({ conversionId }) => {
            onChoose(conversionId)
          }}
          onVisible={(_, last) => {
            if (last >= conversions.length - 20 && query.hasNextPage && !query.isFetching) void query.fetchNextPage()
          }}
        />
      }
      detail={open !== undefined && <OneConversion key={open} conversionId={open} />}
    />
  )
}

/** A conversion on a phone. */
function ConversionLines(conversion: ConversionEntry) {
  const { spec, figures, createdAt } = conversion
  return (
    <TwoLines
      top={spec?.instrument}
      topEnd={<StateBadge job={conversion} />}
      bottom={`${createdAt ? formatInstant(instantOf(createdAt), 'min').slice(5) : ''} · ${filesText(figures)}`}
      bottomEnd={countOf(figures?.rows ?? 0n, 'row')}
    />
  )
}

/** How many files there are, and how many of them the catalog had before. */
function filesText({ files, cachedFiles }: ConversionFigures = create(ConversionFiguresSchema)): string {
  return cachedFiles === 0n ? countOf(files, 'file') : `${countOf(files, 'file')}, ${formatCount(cachedFiles)} cached`
}
