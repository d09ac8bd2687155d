import { useCallback } from 'react'

import type { Order } from '@/gen/tickreel/v1/report_pb'
import { ResultsService } from '@/gen/tickreel/v1/results_service_pb'
import { useClient } from '@/rpc/use-client'
import { type Column, DataTable } from '@/ui/data-table'
import { ErrorState } from '@/ui/error-state'
import { formatDecimal } from '@/ui/format/decimal'
import { formatInstant, instantOf } from '@/ui/format/instant'
import { Side } from '@/ui/side'

import { allOf, equals, selected } from './conditions'
import { type LoadPage, usePagedRows } from './paged-rows'
import { type ChangeSearch, ORDER_STATUSES, type ReportSearch } from './report-search'
import { FilterSelect, TableFilters, words } from './table-filters'

/** The columns of the orders; each has the name of its field, by which the service sorts. */
const COLUMNS: readonly Column<Order>[] = [
  { id: 'id', header: 'Order', width: 84, align: 'end', sortable: true, cell: ({ id }) => String(id) },
  {
    id: 'ts_submitted',
    header: 'Submitted (UTC)',
    width: 206,
    sortable: true,
    cell: ({ tsSubmitted }) => (
      <span className="figures text-muted">{tsSubmitted && formatInstant(instantOf(tsSubmitted), 'us')}</span>
    ),
  },
  { id: 'side', header: 'Side', width: 72, sortable: true, cell: ({ side }) => <Side side={side as 'buy' | 'sell'} /> },
  figure('price', 'Price', 104, ({ price }) => price || 'market'),
  figure('amount', 'Amount', 88, ({ amount }) => amount),
  figure('filled_amount', 'Filled', 88, ({ filledAmount }) => filledAmount),
  figure('average_price', 'Average', 120, ({ averagePrice }) => shorten(averagePrice)),
  figure('fees', 'Fees', 104, ({ fees }) => fees),
  { id: 'status', header: 'Status', width: 124, grow: true, sortable: true, cell: ({ status }) => words(status) },
  { id: 'reason', header: 'Reason', width: 140, grow: true, cell: ({ reason }) => <Reason reason={reason} /> },
]

interface OrdersTableProps {
  runId: string
  search: ReportSearch
  onSearch: ChangeSearch
}

/** Every order of a run, a page at a time; choosing one moves the charts to it. */
export function OrdersTable({ runId, search, onSearch }: OrdersTableProps) {
  const results = useClient(ResultsService)
  const { side, status, since, until, sort = 'id', order } = search
  const column = sort.replace(/^-/, '')
  const descending = sort.startsWith('-')
  const load = useCallback<LoadPage<Order>>(
    async (skip, pageSize, signal) => {
      const filter = allOf(equals('side', side), equals('status', status), selected('ts_submitted', { since, until }))
      const orderBy = descending ? `${column} desc` : column
      const request = { runId, pageSize, skip: BigInt(skip), filter, orderBy }
      const { orders, totalSize } = await results.listOrders(request, { signal })
      return { rows: orders, total: Number(totalSize) }
    },
    [results, runId, side, status, since, until, column, descending],
  )
  const rows = usePagedRows(load)
  return (
    <div className="flex h-full flex-col">
      <TableFilters search={search} onSearch={onSearch} total={rows.length} noun="orders">
        <FilterSelect
          label="Side"
          options={['buy', 'sell']}
          value={side}
          onChange={(side) => {
            onSearch({ side })
          }}
        />
        <FilterSelect
          label="Status"
          options={ORDER_STATUSES}
          value={status}
          onChange={(status) => {
            onSearch({ status })
          }}
        />
      </TableFilters>
      {rows.error && <ErrorState problem={rows.error} />}
      <div className="min-h-0 flex-1">
        <DataTable
          label="Orders"
          columns={COLUMNS}
          rows={rows}
          rowKey={({ id }) => String(id)}
          sort={{ column, descending }}
          onSort={({ column, descending }) => {
            onSearch({ sort: descending ? `-${column}` : column })
          }}
          selected={order}
          onSelect={({ id }) => {
            onSearch({ order: String(id) })
          }}
          onVisible={rows.see}
        />
      </div>
    </div>
  )
}

function figure(id: string, header: string, width: number, value: (order: Order) => string): Column<Order> {
  return { id, header, width, align: 'end', sortable: true, cell: (order) => formatDecimal(value(order)) }
}

/** An average without the zeros behind its last digit. */
function shorten(average: string): string {
  return average.includes('.') ? average.replace(/\.?0+$/, '') : average
}

function Reason({ reason }: { reason: string }) {
  return (
    <span className="text-muted" title={reason}>
      {reason}
    </span>
  )
}
