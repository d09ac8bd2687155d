import { useInfiniteQuery } from '@connectrpc/connect-query'
import { useEffect } from 'react'

import { CatalogService, type CoverageInterval, Freshness } from '@/gen/tickreel/v1/catalog_service_pb'
import { RpcError } from '@/rpc/rpc-error'
import { Badge, type Tone } from '@/ui/badge'
import { CopyButton } from '@/ui/copy-button'
import { DataTable } from '@/ui/data-table'
import { ErrorState } from '@/ui/error-state'
import { countOf, formatCount } from '@/ui/format/count'
import { formatDuration } from '@/ui/format/duration'
import { formatWindow } from '@/ui/format/instant'
import { PathText } from '@/ui/path-text'
import { SkeletonRows } from '@/ui/skeleton'
import type { Column } from '@/ui/table-column'
import { TwoLines } from '@/ui/two-lines'

import { CoverageTimeline } from './coverage-timeline'
import { DATA_TYPE_WORDS, spanOf } from './data-facts'

/** Display of the freshness: whether a conversion today would produce the same rows. */
export const FRESHNESS: Record<Freshness, { word: string; tone: Tone; meaning: string }> = {
  [Freshness.UNSPECIFIED]: { word: 'unknown', tone: 'faint', meaning: '' },
  [Freshness.FRESH]: { word: 'fresh', tone: 'neutral', meaning: 'A conversion today would produce the same rows' },
  [Freshness.STALE]: {
    word: 'stale',
    tone: 'warning',
    meaning: 'The raw file, converter or engine has changed. The next run converts it again',
  },
  [Freshness.ORPHANED]: { word: 'orphaned', tone: 'danger', meaning: 'The raw file no longer exists' },
}

const COLUMNS: readonly Column<CoverageInterval>[] = [
  {
    id: 'type',
    header: 'Data',
    width: 80,
    cell: ({ dataType }) => <span className="text-muted">{DATA_TYPE_WORDS[dataType]}</span>,
  },
  {
    id: 'span',
    header: 'Interval (UTC)',
    width: 310,
    cell: ({ span }) => {
      const window = spanOf(span)
      return <span className="figures">{window && formatWindow(window.start, window.end, 'ms')}</span>
    },
  },
  {
    id: 'gap',
    header: 'Gap before',
    width: 100,
    align: 'end',
    priority: 4,
    cell: ({ gapSeconds }) => gapSeconds > 0 && <span className="text-warning">{formatDuration(gapSeconds)}</span>,
  },
  { id: 'rows', header: 'Rows', width: 100, align: 'end', cell: ({ rows }) => formatCount(rows) },
  {
    id: 'freshness',
    header: 'State',
    width: 90,
    priority: 5,
    cell: ({ freshness }) => (
      <span title={FRESHNESS[freshness].meaning}>
        <Badge tone={FRESHNESS[freshness].tone}>{FRESHNESS[freshness].word}</Badge>
      </span>
    ),
  },
  {
    id: 'source',
    header: 'Raw file',
    width: 240,
    grow: true,
    priority: 2,
    cell: ({ source }) => (
      <span className="text-muted">
        <PathText path={source} />
      </span>
    ),
  },
  {
    id: 'digest',
    header: 'Row digest',
    width: 150,
    priority: 1,
    cell: ({ digest }) => (
      <span className="figures flex items-center text-faint" title={digest}>
        {digest.slice(0, 12)}
        <CopyButton text={digest} label="Copy digest" />
      </span>
    ),
  },
]

/** Row of a catalog file on a phone. */
function IntervalLines({ dataType, span, rows, freshness, gapSeconds }: CoverageInterval) {
  const window = spanOf(span)
  return (
    <TwoLines
      top={window && formatWindow(window.start, window.end)}
      topEnd={<Badge tone={FRESHNESS[freshness].tone}>{FRESHNESS[freshness].word}</Badge>}
      bottom={
        gapSeconds > 0
          ? `${DATA_TYPE_WORDS[dataType]} · gap of ${formatDuration(gapSeconds)} before`
          : DATA_TYPE_WORDS[dataType]
      }
      bottomEnd={countOf(rows, 'row')}
    />
  )
}

/** Catalog coverage of one instrument: a time axis with gaps, and the list of files. */
export function InstrumentCoverage({ instrumentId }: { instrumentId: string }) {
  const query = useInfiniteQuery(
    CatalogService.method.getCoverage,
    { instrumentId, pageSize: 500, pageToken: '' },
    { pageParamKey: 'pageToken', getNextPageParam: (last) => last.nextPageToken || undefined },
  )
  const { hasNextPage, isFetching, isError, fetchNextPage } = query
  useEffect(() => {
    if (hasNextPage && !isFetching && !isError) void fetchNextPage()
  }, [hasNextPage, isFetching, isError, fetchNextPage])
  if (isError) return <ErrorState problem={RpcError.from(query.error)} onRetry={() => void query.refetch()} />
  // Wait for all pages: missing ones would look like gaps.
  if (query.isPending || hasNextPage) return <SkeletonRows rows={4} />
  const intervals = query.data.pages.flatMap((page) => page.intervals)
  return (
    <section aria-label={instrumentId} className="flex h-full flex-col">
      <CoverageTimeline intervals={intervals} />
      <div className="min-h-40 flex-1">
        <DataTable
          label={`Coverage of ${instrumentId}`}
          columns={COLUMNS}
          phoneRow={IntervalLines}
          rows={intervals}
          rowKey={({ dataType, source, pricePrecision, sizePrecision }) =>
            `${dataType} ${source} ${pricePrecision} ${sizePrecision}`
          }
        />
      </div>
    </section>
  )
}
