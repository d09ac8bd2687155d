import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import { useCallback } from 'react'

import type { TimelineEvent } from '@/gen/tickreel/v1/report_pb'
import { ResultsService } from '@/gen/tickreel/v1/results_service_pb'
import { useClient } from '@/rpc/use-client'
import { DataTable } from '@/ui/data-table'
import { ErrorState } from '@/ui/error-state'
import { formatInstant, instantOf } from '@/ui/format/instant'
import type { Column } from '@/ui/table-column'

import { allOf, equals, selected } from './conditions'
import { type LoadPage, usePagedRows } from './paged-rows'
import { recordedTitle } from './recorded-place'
import { type ChangeSearch, EVENTS, type ReportSearch } from './report-search'
import { FilterSelect, TableFilters } from './table-filters'

const COLUMNS: readonly Column<TimelineEvent>[] = [
  {
    id: 'ts',
    header: 'Time (UTC)',
    width: 228,
    cell: (event) => (
      <span className="figures text-muted" title={recordedTitle(event)}>
        {event.ts && formatInstant(instantOf(event.ts), 'ns')}
      </span>
    ),
  },
  { id: 'event', header: 'Event', width: 80, cell: ({ event }) => event },
  { id: 'data', header: 'Details', width: 480, grow: true, cell: ({ data }) => <Facts data={data} /> },
]

interface TimelineTableProps {
  runId: string
  search: ReportSearch
  onSearch: ChangeSearch
  /** Called with the instant of a selected event. */
  onVisit: (instant: bigint) => void
}

/** All trades, orders, updates and fills of a run in order of time. Selecting one moves the charts there. */
export function TimelineTable({ runId, search, onSearch, onVisit }: TimelineTableProps) {
  const results = useClient(ResultsService)
  const { event, since, until } = search
  const load = useCallback<LoadPage<TimelineEvent>>(
    async (skip, pageSize, signal) => {
      const filter = allOf(equals('event', event), selected('ts', { since, until }))
      const request = { runId, pageSize, skip: BigInt(skip), filter }
      const { events, totalSize } = await results.listTimeline(request, { signal })
      return { rows: events, total: Number(totalSize) }
    },
    [results, runId, event, since, until],
  )
  const rows = usePagedRows(load)
  return (
    <div className="flex h-full flex-col">
      <TableFilters search={search} onSearch={onSearch} total={rows.length} noun="events">
        <FilterSelect
          label="Event"
          options={EVENTS}
          value={event}
          onChange={(event) => {
            onSearch({ event })
          }}
        />
      </TableFilters>
      {rows.error && <ErrorState problem={rows.error} />}
      <div className="min-h-0 flex-1">
        <DataTable
          label="Timeline"
          columns={COLUMNS}
          rows={rows}
          rowKey={({ ts, event }) => `${ts ? instantOf(ts) : ''} ${event}`}
          onSelect={({ ts }) => {
            if (ts) onVisit(instantOf(ts))
          }}
          onVisible={rows.see}
        />
      </div>
    </div>
  )
}

/** Order of the facts of an event, since the fields of a Struct are unordered. */
const ORDER = [
  'id',
  'order_id',
  'kind',
  'side',
  'price',
  'trigger_price',
  'amount',
  'size',
  'status',
  'liquidity',
  'fee',
  'trade_id',
]

/** Facts of an event, by name, in one line. */
function Facts({ data = {} }: { data: JsonObject | undefined }) {
  const rank = (name: string) => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length)
  return Object.entries(data)
    .filter(([, value]) => value !== null)
    .toSorted(([a], [b]) => rank(a) - rank(b))
    .map(([name, value]) => (
      <span key={name} className="mr-4">
        <span className="text-faint">{name.replaceAll('_', ' ')}</span> <span className="figures">{plain(value)}</span>
      </span>
    ))
}

function plain(value: JsonValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
