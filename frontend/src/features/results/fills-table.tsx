import { useCallback, useMemo } from 'react'

import type { Fill } from '@/gen/tickreel/v1/report_pb'
import { ResultsService } from '@/gen/tickreel/v1/results_service_pb'
import { useClient } from '@/rpc/use-client'
import { DataTable } from '@/ui/data-table'
import { ErrorState } from '@/ui/error-state'
import { formatDecimal } from '@/ui/format/decimal'
import { formatDuration } from '@/ui/format/duration'
import { formatInstant, instantOf } from '@/ui/format/instant'
import { Side } from '@/ui/side'
import type { Column } from '@/ui/table-column'

import { allOf, equals, selected } from './conditions'
import { sizeWidth } from './orders-table'
import { type LoadPage, usePagedRows } from './paged-rows'
import { recordedTitle } from './recorded-place'
import type { ChangeSearch, ReportSearch } from './report-search'
import { SideFilter, TableFilters } from './table-filters'

const columnsOf = (sizeDecimals: number): readonly Column<Fill>[] => [
  { id: 'id', header: 'Fill', width: 84, align: 'end', cell: ({ id }) => String(id) },
  { id: 'order', header: 'Order', width: 84, align: 'end', cell: ({ orderId }) => String(orderId) },
  {
    id: 'ts',
    header: 'Filled (UTC)',
    width: 206,
    cell: (fill) => (
      <span className="figures text-muted" title={recordedTitle(fill)}>
        {fill.ts && formatInstant(instantOf(fill.ts), 'us')}
      </span>
    ),
  },
  { id: 'side', header: 'Side', width: 72, cell: ({ side }) => <Side side={side as 'buy' | 'sell'} /> },
  { id: 'price', header: 'Price', width: 112, align: 'end', cell: ({ price }) => formatDecimal(price) },
  {
    id: 'amount',
    header: 'Amount',
    width: sizeWidth(sizeDecimals),
    align: 'end',
    cell: ({ amount }) => formatDecimal(amount),
  },
  { id: 'fee', header: 'Fee', width: 128, align: 'end', cell: ({ fee }) => formatDecimal(fee) },
  {
    id: 'backed',
    header: 'Backed',
    width: sizeWidth(sizeDecimals),
    align: 'end',
    priority: 3,
    cell: ({ backedAmount, amount }) =>
      backedAmount !== '' && (
        <span className={Number(backedAmount) < Number(amount) ? 'text-warning' : undefined}>
          {formatDecimal(backedAmount)}
        </span>
      ),
  },
  { id: 'touch', header: 'Touch', width: 104, align: 'end', priority: 2, cell: ({ touch }) => formatDecimal(touch) },
  {
    id: 'age',
    header: 'Book age',
    width: 84,
    align: 'end',
    priority: 1,
    cell: ({ bookAgeSeconds }) => bookAgeSeconds !== '' && formatDuration(Number(bookAgeSeconds)),
  },
  { id: 'liquidity', header: 'Liquidity', width: 96, grow: true, cell: ({ liquidity }) => liquidity },
]

interface FillsTableProps {
  runId: string
  /** Number of decimals of sizes. */
  sizeDecimals: number
  search: ReportSearch
  onSearch: ChangeSearch
}

/** All fills of a run, loaded in pages. Selecting one moves the charts to its order. */
export function FillsTable({ runId, sizeDecimals, search, onSearch }: FillsTableProps) {
  const columns = useMemo(() => columnsOf(sizeDecimals), [sizeDecimals])
  const results = useClient(ResultsService)
  const { side, since, until } = search
  const load = useCallback<LoadPage<Fill>>(
    async (skip, pageSize, signal) => {
      const filter = allOf(equals('side', side), selected('ts', { since, until }))
      const { fills, totalSize } = await results.listFills({ runId, pageSize, skip: BigInt(skip), filter }, { signal })
      return { rows: fills, total: Number(totalSize) }
    },
    [results, runId, side, since, until],
  )
  const rows = usePagedRows(load)
  return (
    <div className="flex h-full flex-col">
      <TableFilters search={search} onSearch={onSearch} total={rows.length} noun="fills">
        <SideFilter side={side} onSearch={onSearch} />
      </TableFilters>
      {rows.error && <ErrorState problem={rows.error} />}
      <div className="min-h-0 flex-1">
        <DataTable
          label="Fills"
          columns={columns}
          rows={rows}
          rowKey={({ id }) => String(id)}
          onSelect={({ orderId }) => {
            onSearch({ order: String(orderId) })
          }}
          onVisible={rows.see}
        />
      </div>
    </div>
  )
}
