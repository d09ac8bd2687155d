import { type RefObject, useLayoutEffect, useMemo, useState } from 'react'

import type { Column } from './table-column'

/** What a row leaves free at both ends. */
const PADDING = 16

/** Less than this, in pixels, is a phone held upright. */
const PHONE = 480

/** The columns that the viewport has room for, in their order, and whether it is so narrow that columns make no sense. */
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
