import type { ReactNode } from 'react'

/** A column of a table: its head, its width, and the cell of a row. */
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

/** The column that a table is sorted by. */
export interface Sort {
  column: string
  descending: boolean
}
