import { ArrowDown, ArrowUp } from 'lucide-react'
import { type KeyboardEvent, type PointerEvent, useRef } from 'react'

import { classNames } from './class-names'
import type { Column, Sort } from './table-column'

/** Distance that an arrow key moves the edge of a column, in pixels. */
const STEP = 16

interface HeaderCellProps<Row> {
  column: Column<Row>
  sort: Sort | undefined
  onSort: ((sort: Sort) => void) | undefined
  width: number
  /** Sets the width of the column; undefined resets it. */
  onResize: (width: number | undefined) => void
}

/** Header of a column: a click sorts by it, dragging its edge resizes it. */
export function HeaderCell<Row>({ column, sort, onSort, width, onResize }: HeaderCellProps<Row>) {
  const sorted = sort?.column === column.id ? sort : undefined
  const className = classNames(
    'label flex min-w-0 flex-1 items-center gap-1 px-2',
    column.align === 'end' && 'justify-end',
  )
  const sortable = column.sortable === true && onSort !== undefined
  const Arrow = sorted?.descending ? ArrowDown : ArrowUp
  return (
    <div
      role="columnheader"
      aria-sort={!sortable ? undefined : sorted ? (sorted.descending ? 'descending' : 'ascending') : 'none'}
      className="group/head relative flex min-w-0"
    >
      {sortable ? (
        <button
          type="button"
          onClick={() => {
            onSort({ column: column.id, descending: sorted ? !sorted.descending : column.align === 'end' })
          }}
          className={classNames(className, 'cursor-default -outline-offset-2 hover:text-text', sorted && 'text-text')}
        >
          <span className="truncate">{column.header}</span>
          {sorted && <Arrow size={11} aria-hidden className="shrink-0" />}
        </button>
      ) : (
        <span className={className}>
          <span className="truncate">{column.header}</span>
        </span>
      )}
      <Edge header={column.header} width={width} onResize={onResize} />
    </div>
  )
}

interface EdgeProps {
  header: string
  width: number
  onResize: (width: number | undefined) => void
}

/** Right edge of a column: drag it or use arrow keys to resize; a double click resets the width. */
function Edge({ header, width, onResize }: EdgeProps) {
  const drag = useRef<{ x: number; width: number }>(null)
  const widthNow = (edge: HTMLElement) => edge.parentElement?.offsetWidth ?? 0
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return
    event.preventDefault()
    onResize(widthNow(event.currentTarget) + (event.key === 'ArrowLeft' ? -STEP : STEP))
  }
  const onPointerMove = ({ clientX }: PointerEvent) => {
    if (drag.current) onResize(drag.current.width + clientX - drag.current.x)
  }
  return (
    <span
      role="separator"
      aria-orientation="vertical"
      aria-label={`Width of ${header}`}
      aria-valuenow={width}
      aria-valuetext={`${width} pixels`}
      tabIndex={0}
      onKeyDown={onKeyDown}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId)
        drag.current = { x: event.clientX, width: widthNow(event.currentTarget) }
      }}
      onPointerMove={onPointerMove}
      onPointerUp={() => {
        drag.current = null
      }}
      onDoubleClick={() => {
        onResize(undefined)
      }}
      className="absolute inset-y-1 -right-1 z-1 w-2 cursor-col-resize touch-none border-x-3 border-transparent bg-clip-padding group-hover/head:bg-line-strong hover:bg-accent focus-visible:bg-accent"
    />
  )
}
