import { useCallback, useMemo } from 'react'

import type { Order } from '@/gen/tickreel/v1/report_pb'
import { ResultsService } from '@/gen/tickreel/v1/results_service_pb'
import { useClient } from '@/rpc/use-client'
import { DataTable } from '@/ui/data-table'
import { ErrorState } from '@/ui/error-state'
import { formatDecimal } from '@/ui/format/decimal'
import { formatInstant, instantOf } from '@/ui/format/instant'
import { Side } from '@/ui/side'
import type { Column } from '@/ui/table-column'

import { allOf, equals, selected } from './conditions'
import { type LoadPage, usePagedRows } from './paged-rows'
import { recordedTitle } from './recorded-place'
import { type ChangeSearch, ORDER_STATUSES, type ReportSearch } from './report-search'
import { stateOf, terms } from './order-terms'
import { FilterSelect, SideFilter, TableFilters } from './table-filters'
import { ORDER_TYPE_WORDS, TIME_IN_FORCE_WORDS } from './words'

/** Columns of the orders; column ids are the field names that the service sorts by. */
const columnsOf = (sizeDecimals: number, { hasTypes, hasTriggers }: OrderFacts): readonly Column<Order>[] => [
  { id: 'id', header: 'Order', width: 76, align: 'end', sortable: true, cell: ({ id }) => String(id) },
  {
    id: 'ts_submitted',
    header: 'Submitted (UTC)',
    width: 178,
    sortable: true,
    cell: (order) => (
      <span className="figures text-muted" title={recordedTitle(order)}>
        {order.tsSubmitted && withoutYear(instantOf(order.tsSubmitted))}
      </span>
    ),
  },
  { id: 'side', header: 'Side', width: 70, sortable: true, cell: ({ side }) => <Side side={side as 'buy' | 'sell'} /> },
  ...(hasTypes
    ? [
        {
          id: 'order_type',
          header: 'Type',
          width: 100,
          priority: 3,
          sortable: true,
          cell: (order: Order) => <span title={terms(order).join(', ')}>{ORDER_TYPE_WORDS[order.orderType]}</span>,
        },
        {
          id: 'time_in_force',
          header: 'TIF',
          width: 56,
          priority: 1,
          sortable: true,
          cell: (order: Order) => TIME_IN_FORCE_WORDS[order.timeInForce],
        },
      ]
    : []),
  figure('price', 'Price', 92, ({ price }) => price || 'market'),
  ...(hasTriggers
    ? [{ ...figure('trigger_price', 'Trigger', 88, ({ triggerPrice }) => triggerPrice), priority: 2 }]
    : []),
  figure('amount', 'Size', sizeWidth(sizeDecimals), ({ amount }) => amount),
  figure('filled_amount', 'Filled', sizeWidth(sizeDecimals), ({ filledAmount }) => filledAmount),
  figure('average_price', 'Average', 100, ({ averagePrice, price }) => shorten(averagePrice, price)),
  figure('fees', 'Fees', 96, ({ fees }) => fees),
  {
    id: 'status',
    header: 'Status',
    width: 124,
    grow: true,
    sortable: true,
    cell: (order) => <Outcome order={order} />,
  },
]

/** Width of a column of sizes that fits any number of decimals. */
export function sizeWidth(decimals: number): number {
  return 60 + 7 * Math.max(decimals, 3)
}

/** What the orders of a run have. */
export interface OrderFacts {
  /** Whether the result knows the types of its orders. Results of earlier versions do not. */
  hasTypes: boolean
  /** Whether any type has a trigger price. */
  hasTriggers: boolean
}

interface OrdersTableProps {
  runId: string
  facts: OrderFacts
  /** Number of decimals of sizes. */
  sizeDecimals: number
  search: ReportSearch
  onSearch: ChangeSearch
}

/** All orders of a run, loaded in pages. Selecting one moves the charts to it. */
export function OrdersTable({ runId, facts, sizeDecimals, search, onSearch }: OrdersTableProps) {
  const { hasTypes, hasTriggers } = facts
  const columns = useMemo(
    () => columnsOf(sizeDecimals, { hasTypes, hasTriggers }),
    [sizeDecimals, hasTypes, hasTriggers],
  )
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
        <SideFilter side={side} onSearch={onSearch} />
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
          columns={columns}
          phoneRow={OrderLines}
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

/** Strip trailing zeros of an average price, but keep as many decimals as the price has. */
function shorten(average: string, price: string): string {
  const decimals = price.split('.')[1]?.length ?? 0
  const [whole = '', fraction = ''] = average.split('.')
  const digits = fraction.replace(/0+$/, '').padEnd(Math.min(decimals, fraction.length), '0')
  return digits === '' ? whole : `${whole}.${digits}`
}

/** Format without the year, 05-17 22:00:00.001435: the orders of a run span few days. */
function withoutYear(instant: bigint): string {
  return formatInstant(instant, 'us').slice(5)
}

/** Row of an order on a phone: the order, then its outcome. */
function OrderLines(order: Order) {
  const { id, tsSubmitted, side, price, amount, filledAmount, averagePrice, fees } = order
  return (
    <>
      <p className="figures flex items-center gap-3">
        <Side side={side as 'buy' | 'sell'} />
        <span>{`${formatDecimal(amount)} at ${price === '' ? 'market' : formatDecimal(price)}`}</span>
        <span className="ml-auto text-xs text-faint">{`${id} · ${tsSubmitted ? withoutYear(instantOf(tsSubmitted)) : ''}`}</span>
      </p>
      <p className="flex gap-3 text-xs text-muted">
        <Outcome order={order} />
        {averagePrice !== '' && (
          <span className="figures ml-auto">
            {`${formatDecimal(filledAmount)} at ${formatDecimal(shorten(averagePrice, price))}, fees ${formatDecimal(fees)}`}
          </span>
        )}
      </p>
    </>
  )
}

/** Status of an order, with the reason if there is one. */
function Outcome({ order }: { order: Order }) {
  const { reason, reasonGroup } = order
  return (
    <span title={reason || undefined}>
      {stateOf(order)}
      {reason && <span className="figures text-2xs text-muted">{` · ${reasonGroup || reason}`}</span>}
    </span>
  )
}
