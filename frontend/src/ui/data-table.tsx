import { useVirtualizer } from '@tanstack/react-virtual'
import { type KeyboardEvent, memo, type ReactNode, useEffect, useId, useRef, useState } from 'react'

import { classNames } from './class-names'
import { Skeleton } from './skeleton'
import type { Column, Sort } from './table-column'
import { HeaderCell } from './table-header'
import { useColumnWidths } from './use-column-widths'
import { useFittingColumns } from './use-fitting-columns'

const ROW_HEIGHT = 28
/** Height of a row on a phone, which has two lines. */
const PHONE_ROW_HEIGHT = 52

/** Rows by index; undefined for rows that are not loaded yet. Arrays qualify, and so do paged lists. */
export interface Rows<Row> {
  readonly length: number
  at: (index: number) => Row | undefined
}

interface DataTableProps<Row> {
  label: string
  columns: readonly Column<Row>[]
  /** Renders a row in two lines on a phone. If it is not given, the columns scroll sideways there. */
  phoneRow?: (row: Row) => ReactNode
  rows: Rows<Row>
  rowKey: (row: Row) => string
  sort?: Sort | undefined
  onSort?: (sort: Sort) => void
  /** Key of the selected row. */
  selected?: string | undefined
  /** Called when a row is chosen by a click or Enter. */
  onSelect?: (row: Row) => void
  /** Called with the range of visible rows, for lists that are loaded in pages. */
  onVisible?: (first: number, last: number) => void
  /** Content if there are no rows. */
  empty?: ReactNode
}

/**
 * A virtualized table: only visible rows are rendered, whatever its length.
 *
 * Arrow keys, Page Up and Down, Home and End move the active row. Enter chooses it.
 */
export function DataTable<Row>(props: DataTableProps<Row>) {
  const { label, rows, rowKey, sort, onSort, selected, onSelect, onVisible, empty } = props
  const id = useId()
  const viewport = useRef<HTMLDivElement>(null)
  const { fitting: columns, phone } = useFittingColumns(props.columns, viewport)
  const { widths, resize } = useColumnWidths(props.columns.map((column) => column.id))
  const phoneRow = phone ? props.phoneRow : undefined
  const rowHeight = phoneRow ? PHONE_ROW_HEIGHT : ROW_HEIGHT
  const [active, setActive] = useState(-1)
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => viewport.current,
    estimateSize: () => rowHeight,
    scrollPaddingStart: phoneRow ? 0 : ROW_HEIGHT,
    overscan: 12,
  })
  useEffect(() => {
    virtualizer.measure()
  }, [virtualizer, rowHeight])
  const items = virtualizer.getVirtualItems()
  const first = items[0]?.index ?? 0
  const last = items.at(-1)?.index ?? 0
  useEffect(() => {
    onVisible?.(first, last)
  }, [onVisible, first, last])

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget) return
    const page = Math.max(1, Math.floor((viewport.current?.clientHeight ?? 0) / rowHeight) - 2)
    const moves: Record<string, number> = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      PageDown: active + page,
      PageUp: active - page,
      Home: 0,
      End: rows.length - 1,
    }
    const moved = moves[event.key]
    const row = rows.at(Math.max(active, 0))
    if (moved !== undefined && rows.length > 0) {
      event.preventDefault()
      const index = Math.min(Math.max(moved, 0), rows.length - 1)
      setActive(index)
      virtualizer.scrollToIndex(index)
    } else if (event.key === 'Enter' && active >= 0 && row !== undefined) {
      event.preventDefault()
      onSelect?.(row)
    }
  }

  const template = columns
    .map(({ id, width, grow }) => (grow && !(id in widths) ? `minmax(${width}px, 1fr)` : `${widths[id] ?? width}px`))
    .join(' ')
  const minWidth = phoneRow ? undefined : columns.reduce((sum, { id, width }) => sum + (widths[id] ?? width), 0)
  return (
    <div
      ref={viewport}
      role="grid"
      aria-label={label}
      aria-rowcount={rows.length + 1}
      aria-colcount={columns.length}
      aria-activedescendant={active >= first && active <= last ? `${id}-${active}` : undefined}
      tabIndex={0}
      onKeyDown={onKeyDown}
      className="group/table relative h-full overflow-auto -outline-offset-2"
    >
      {!phoneRow && (
        <div role="rowgroup" className="sticky top-0 z-10 bg-ground" style={{ minWidth }}>
          <div
            role="row"
            aria-rowindex={1}
            className="grid h-7 border-b border-line-strong px-2"
            style={{ gridTemplateColumns: template }}
          >
            {columns.map((column) => (
              <HeaderCell
                key={column.id}
                column={column}
                sort={sort}
                onSort={onSort}
                width={widths[column.id] ?? column.width}
                onResize={(width) => {
                  resize(column.id, width)
                }}
              />
            ))}
          </div>
        </div>
      )}
      {rows.length === 0 && empty}
      <div role="rowgroup" className="relative" style={{ height: virtualizer.getTotalSize(), minWidth }}>
        {items.map(({ index, start }) => {
          const row = rows.at(index)
          return (
            <TableRow
              key={index}
              id={`${id}-${index}`}
              index={index}
              start={start}
              template={template}
              columns={columns}
              phoneRow={phoneRow}
              row={row}
              selected={row !== undefined && selected === rowKey(row)}
              active={index === active}
              onSelect={onSelect}
            />
          )
        })}
      </div>
    </div>
  )
}

interface TableRowProps<Row> {
  id: string
  index: number
  start: number
  template: string
  columns: readonly Column<Row>[]
  phoneRow: ((row: Row) => ReactNode) | undefined
  row: Row | undefined
  selected: boolean
  active: boolean
  onSelect: ((row: Row) => void) | undefined
}

const TableRow = memo(function TableRow<Row>(props: TableRowProps<Row>) {
  const { id, index, start, template, columns, phoneRow, row, selected, active, onSelect } = props
  return (
    <div
      id={id}
      role="row"
      aria-rowindex={index + 2}
      aria-selected={selected}
      data-active={active}
      onClick={(event) => {
        // Clicks on a link or a button in a cell do not select the row.
        if (row !== undefined && !(event.target as Element).closest('a, button')) onSelect?.(row)
      }}
      className={classNames(
        'absolute inset-x-0 grid border-b border-line px-2 text-sm hover:bg-hover aria-selected:bg-accent-soft',
        'data-[active=true]:group-focus-visible/table:bg-hover data-[active=true]:group-focus-visible/table:shadow-[inset_2px_0_var(--accent)]',
      )}
      style={{
        height: phoneRow ? PHONE_ROW_HEIGHT : ROW_HEIGHT,
        transform: `translateY(${start}px)`,
        gridTemplateColumns: phoneRow ? undefined : template,
      }}
    >
      {phoneRow && (
        <div role="gridcell" aria-colspan={columns.length} className="min-w-0 self-center px-2 leading-5">
          {row === undefined ? <Skeleton width="60%" /> : phoneRow(row)}
        </div>
      )}
      {(phoneRow ? [] : columns).map((column) => (
        <div
          key={column.id}
          role="gridcell"
          className={classNames(
            'flex min-w-0 items-center px-2',
            column.align === 'end' && 'figures justify-end text-right',
          )}
        >
          {row === undefined ? (
            <Skeleton width="60%" />
          ) : (
            <div className={classNames('min-w-0 truncate', column.align !== 'end' && 'flex-1')}>{column.cell(row)}</div>
          )}
        </div>
      ))}
    </div>
  )
}) as <Row>(props: TableRowProps<Row>) => ReactNode
