import { useCallback, useMemo } from 'react'

import { OrderSide } from '@/gen/tickreel/v1/order_pb'
import type { Position } from '@/gen/tickreel/v1/report_pb'
import { ResultsService } from '@/gen/tickreel/v1/results_service_pb'
import { useClient } from '@/rpc/use-client'
import { DataTable } from '@/ui/data-table'
import { ErrorState } from '@/ui/error-state'
import { formatDecimal } from '@/ui/format/decimal'
import { formatDuration } from '@/ui/format/duration'
import { formatInstant, instantOf } from '@/ui/format/instant'
import { formatMoney } from '@/ui/format/money'
import { Side } from '@/ui/side'
import type { Column } from '@/ui/table-column'

import { allOf, equals, selected } from './conditions'
import { sizeWidth } from './orders-table'
import { type LoadPage, usePagedRows } from './paged-rows'
import type { ChangeSearch, ReportSearch } from './report-search'
import { SideFilter, TableFilters } from './table-filters'

/** Columns of the positions; column ids are the field names that the service sorts by. */
const columnsOf = (sizeDecimals: number, currency: string): readonly Column<Position>[] => {
  const money = (id: string, header: string, value: (position: Position) => string, priority?: number) => ({
    id,
    header,
    width: 104,
    align: 'end' as const,
    sortable: true,
    ...(priority === undefined ? {} : { priority }),
    cell: (position: Position) => (
      <span title={`${value(position)} ${currency}`}>{formatMoney(value(position), currency, { signed: true })}</span>
    ),
  })
  const price = (id: string, header: string, value: (position: Position) => string) => ({
    id,
    header,
    width: 100,
    align: 'end' as const,
    sortable: true,
    cell: (position: Position) => <span title={value(position)}>{rounded(value(position))}</span>,
  })
  return [
    { id: 'id', header: 'Position', width: 76, align: 'end', sortable: true, cell: ({ id }) => String(id) },
    {
      id: 'entry_side',
      header: 'Entry',
      width: 70,
      sortable: true,
      cell: ({ entrySide }) => <Side side={entrySide === OrderSide.BUY ? 'buy' : 'sell'} />,
    },
    {
      id: 'ts_opened',
      header: 'Opened (UTC)',
      width: 178,
      sortable: true,
      cell: ({ tsOpened }) => <Instant instant={tsOpened && instantOf(tsOpened)} />,
    },
    {
      id: 'duration_seconds',
      header: 'Held',
      width: 84,
      align: 'end',
      sortable: true,
      cell: ({ durationSeconds, tsClosed }) => (
        <span title={tsClosed && `closed ${formatInstant(instantOf(tsClosed), 'ns')}`}>
          {durationSeconds === '' ? 'open' : formatDuration(Number(durationSeconds))}
        </span>
      ),
    },
    {
      id: 'amount',
      header: 'Largest',
      width: sizeWidth(sizeDecimals),
      align: 'end',
      sortable: true,
      cell: ({ amount }) => formatDecimal(amount),
    },
    price('average_entry', 'Avg entry', ({ averageEntry }) => averageEntry),
    price('average_exit', 'Avg exit', ({ averageExit }) => averageExit),
    money('pnl', 'PnL', ({ pnl }) => pnl),
    money('gross_pnl', 'Before fees', ({ grossPnl }) => grossPnl, 1),
    money('mae', 'MAE', ({ mae }) => mae, 3),
    money('mfe', 'MFE', ({ mfe }) => mfe, 3),
    {
      id: 'orders',
      header: 'Orders',
      width: 72,
      align: 'end',
      sortable: true,
      grow: true,
      priority: 2,
      cell: ({ orders, fills }) => <span title={`${fills} fills`}>{String(orders)}</span>,
    },
  ]
}

/** An average price with eight digits. */
function rounded(average: string): string {
  const whole = average.split('.')[0] ?? ''
  return average && formatDecimal(average, { decimals: whole === '0' ? 10 : Math.max(2, 8 - whole.length) })
}

function Instant({ instant }: { instant: bigint | undefined }) {
  if (instant === undefined) return null
  return (
    <span className="figures text-muted" title={formatInstant(instant, 'ns')}>
      {formatInstant(instant, 'us').slice(5)}
    </span>
  )
}

interface PositionsTableProps {
  runId: string
  /** Number of decimals of sizes. */
  sizeDecimals: number
  currency: string
  search: ReportSearch
  onSearch: ChangeSearch
}

/** All positions of a run, loaded in pages. Selecting one moves the charts to the order that opened it. */
export function PositionsTable({ runId, sizeDecimals, currency, search, onSearch }: PositionsTableProps) {
  const results = useClient(ResultsService)
  const { side, since, until, positionSort = 'id' } = search
  const columns = useMemo(() => columnsOf(sizeDecimals, currency), [sizeDecimals, currency])
  const column = positionSort.replace(/^-/, '')
  const descending = positionSort.startsWith('-')
  const load = useCallback<LoadPage<Position>>(
    async (skip, pageSize, signal) => {
      const filter = allOf(equals('entry_side', side), selected('ts_opened', { since, until }))
      const orderBy = descending ? `${column} desc` : column
      const request = { runId, pageSize, skip: BigInt(skip), filter, orderBy }
      const { positions, totalSize } = await results.listPositions(request, { signal })
      return { rows: positions, total: Number(totalSize) }
    },
    [results, runId, side, since, until, column, descending],
  )
  const rows = usePagedRows(load)
  return (
    <div className="flex h-full flex-col">
      <TableFilters search={search} onSearch={onSearch} total={rows.length} noun="positions">
        <SideFilter side={side} onSearch={onSearch} />
      </TableFilters>
      {rows.error && <ErrorState problem={rows.error} />}
      <div className="min-h-0 flex-1">
        <DataTable
          label="Positions"
          columns={columns}
          rows={rows}
          rowKey={({ id }) => String(id)}
          sort={{ column, descending }}
          onSort={({ column, descending }) => {
            onSearch({ positionSort: descending ? `-${column}` : column })
          }}
          onSelect={({ entryOrderId }) => {
            if (entryOrderId !== undefined) onSearch({ order: String(entryOrderId) })
          }}
          onVisible={rows.see}
        />
      </div>
    </div>
  )
}
