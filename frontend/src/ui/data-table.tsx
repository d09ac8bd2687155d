import { useVirtualizer } from '@tanstack/react-virtual'
import { ArrowDown, ArrowUp } from 'lucide-react'
import {
  type KeyboardEvent,
  memo,
  type ReactNode,
  type RefObject,
  useEffect,
  useId,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from 'react'

import { classNames } from './class-names'
import { Skeleton } from './skeleton'

const ROW_HEIGHT = 28
/** What a row leaves free at both ends. */
const PADDING = 16

export interface Column<Row> {
  id: string
  header: string
  /** The least width in pixels; what is left over goes to the columns that `grow`. */
  width: number
  grow?: boolean
  /** Figures stand right, so that their decimals line up. */
  align?: 'start' | 'end'
  sortable?: boolean
  /** Where there is no room for all, the columns with the lowest priority go first; those without one stay. */
  priority?: number
  cell: (row: Row) => ReactNode
}

export interface Sort {
  column: string
  descending: boolean
}

/** Rows that may come later: an array is one, and so is a window of a list that the service holds. */
export interface Rows<Row> {
  readonly length: number
  at: (index: number) => Row | undefined
}

interface DataTableProps<Row> {
  label: string
  columns: readonly Column<Row>[]
  rows: Rows<Row>
  rowKey: (row: Row) => string
  sort?: Sort | undefined
  onSort?: (sort: Sort) => void
  /** The key of the row that is selected. */
  selected?: string | undefined
  /** A row was chosen by a click, or by Enter. */
  onSelect?: (row: Row) => void
  /** Which rows are in sight, for those who fetch them. */
  onVisible?: (first: number, last: number) => void
  /** What stands there where there are no rows. */
  empty?: ReactNode
}

/**
 * A table of any length: only rows in sight are drawn.
 *
 * Arrow keys, Page Up and Down, Home and End move the active row, Enter chooses it.
 */
export function DataTable<Row>(props: DataTableProps<Row>) {
  const { label, rows, rowKey, sort, onSort, selected, onSelect, onVisible, empty } = props
  const id = useId()
  const viewport = useRef<HTMLDivElement>(null)
  const columns = useFittingColumns(props.columns, viewport)
  const [active, setActive] = useState(-1)
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => viewport.current,
    estimateSize: () => ROW_HEIGHT,
    scrollPaddingStart: ROW_HEIGHT,
    overscan: 12,
  })
  const items = virtualizer.getVirtualItems()
  const first = items[0]?.index ?? 0
  const last = items.at(-1)?.index ?? 0
  useEffect(() => {
    onVisible?.(first, last)
  }, [onVisible, first, last])

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget) return
    const page = Math.max(1, Math.floor((viewport.current?.clientHeight ?? 0) / ROW_HEIGHT) - 2)
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

  const template = columns.map(({ width, grow }) => (grow ? `minmax(${width}px, 1fr)` : `${width}px`)).join(' ')
  const minWidth = columns.reduce((sum, { width }) => sum + width, 0)
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
      <div role="rowgroup" className="sticky top-0 z-10 bg-ground" style={{ minWidth }}>
        <div
          role="row"
          aria-rowindex={1}
          className="grid h-7 border-b border-line-strong px-2"
          style={{ gridTemplateColumns: template }}
        >
          {columns.map((column) => (
            <HeaderCell key={column.id} column={column} sort={sort} onSort={onSort} />
          ))}
        </div>
      </div>
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

/** The columns that the viewport has room for, in their order. */
function useFittingColumns<Row>(
  columns: readonly Column<Row>[],
  viewport: RefObject<HTMLDivElement | null>,
): readonly Column<Row>[] {
  const [room, setRoom] = useState(Infinity)
  useLayoutEffect(() => {
    const element = viewport.current
    if (element === null) return
    const observer = new ResizeObserver(() => {
      setRoom(element.clientWidth - PADDING)
    })
    observer.observe(element)
    return () => {
      observer.disconnect()
    }
  }, [viewport])
  return useMemo(() => {
    const dropped = new Set<Column<Row>>()
    const droppable = columns.filter((column) => column.priority !== undefined)
    droppable.sort((a, b) => (a.priority ?? 0) - (b.priority ?? 0))
    let width = columns.reduce((sum, column) => sum + column.width, 0)
    for (const column of droppable) {
      if (width <= room) break
      dropped.add(column)
      width -= column.width
    }
    return columns.filter((column) => !dropped.has(column))
  }, [columns, room])
}

interface HeaderCellProps<Row> {
  column: Column<Row>
  sort: Sort | undefined
  onSort: ((sort: Sort) => void) | undefined
}

function HeaderCell<Row>({ column, sort, onSort }: HeaderCellProps<Row>) {
  const sorted = sort?.column === column.id ? sort : undefined
  const className = classNames('label flex min-w-0 items-center gap-1 px-2', column.align === 'end' && 'justify-end')
  if (!column.sortable || onSort === undefined) {
    return (
      <div role="columnheader" className={className}>
        <span className="truncate">{column.header}</span>
      </div>
    )
  }
  const Arrow = sorted?.descending ? ArrowDown : ArrowUp
  return (
    <div
      role="columnheader"
      aria-sort={sorted ? (sorted.descending ? 'descending' : 'ascending') : 'none'}
      className="flex min-w-0"
    >
      <button
        type="button"
        onClick={() => {
          onSort({ column: column.id, descending: sorted ? !sorted.descending : column.align === 'end' })
        }}
        className={classNames(
          className,
          'w-full cursor-default -outline-offset-2 hover:text-text',
          sorted && 'text-text',
        )}
      >
        <span className="truncate">{column.header}</span>
        {sorted && <Arrow size={11} aria-hidden className="shrink-0" />}
      </button>
    </div>
  )
}

interface TableRowProps<Row> {
  id: string
  index: number
  start: number
  template: string
  columns: readonly Column<Row>[]
  row: Row | undefined
  selected: boolean
  active: boolean
  onSelect: ((row: Row) => void) | undefined
}

const TableRow = memo(function TableRow<Row>(props: TableRowProps<Row>) {
  const { id, index, start, template, columns, row, selected, active, onSelect } = props
  return (
    <div
      id={id}
      role="row"
      aria-rowindex={index + 2}
      aria-selected={selected}
      data-active={active}
      onClick={(event) => {
        // A link or a button in a cell does what it does.
        if (row !== undefined && !(event.target as Element).closest('a, button')) onSelect?.(row)
      }}
      className={classNames(
        'absolute inset-x-0 grid border-b border-line px-2 text-sm hover:bg-hover aria-selected:bg-accent-soft',
        'data-[active=true]:group-focus-visible/table:bg-hover data-[active=true]:group-focus-visible/table:shadow-[inset_2px_0_var(--accent)]',
      )}
      style={{ height: ROW_HEIGHT, transform: `translateY(${start}px)`, gridTemplateColumns: template }}
    >
      {columns.map((column) => (
        <div
          key={column.id}
          role="gridcell"
          className={classNames(
            'flex min-w-0 items-center px-2',
            column.align === 'end' && 'figures justify-end text-right',
          )}
        >
          {row === undefined ? <Skeleton width="60%" /> : <div className="min-w-0 truncate">{column.cell(row)}</div>}
        </div>
      ))}
    </div>
  )
}) as <Row>(props: TableRowProps<Row>) => ReactNode
