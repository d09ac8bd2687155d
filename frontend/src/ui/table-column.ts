import type { ReactNode } from 'react'

/** A column of a table: header, width and cell renderer. */
export interface Column<Row> {
  id: string
  header: string
  /** Least width in pixels; the remaining width goes to the columns that `grow`. */
  width: number
  grow?: boolean
  /** Figures align right, so that their decimals line up. */
  align?: 'start' | 'end'
  sortable?: boolean
  /** If there is no room for all columns, those with the lowest priority are hidden first; those without one stay. */
  priority?: number
  cell: (row: Row) => ReactNode
}

/** The column that a table is sorted by. */
export interface Sort {
  column: string
  descending: boolean
}
