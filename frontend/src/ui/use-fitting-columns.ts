import { type RefObject, useLayoutEffect, useMemo, useState } from 'react'

import type { Column } from './table-column'

/** Padding of a row at both ends together, in pixels. */
const PADDING = 16

/** Width in pixels below which the screen is a phone in portrait. */
const PHONE = 480

/** Columns that fit the viewport, in order, and whether it is too narrow for columns at all. */
export function useFittingColumns<Row>(
  columns: readonly Column<Row>[],
  viewport: RefObject<HTMLDivElement | null>,
): { fitting: readonly Column<Row>[]; phone: boolean } {
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
  const fitting = useMemo(() => {
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
  return { fitting, phone: room < PHONE }
}
