import { useState } from 'react'

/** The least that a column can be made, in pixels: a heading of some letters. */
const LEAST = 48

/** The widths that a person gave to columns, by their ids; kept in the browser for all tables with the same columns. */
export function useColumnWidths(columnIds: readonly string[]) {
  const key = `widths of ${columnIds.join()}`
  const [widths, setWidths] = useState(() => stored(key))
  return {
    widths,
    /** Sets a width; undefined gives the column back its own. */
    resize: (columnId: string, width: number | undefined) => {
      const others = Object.entries(widths).filter(([id]) => id !== columnId)
      const given = width === undefined ? [] : [[columnId, Math.max(Math.round(width), LEAST)] as const]
      const changed = Object.fromEntries([...others, ...given])
      setWidths(changed)
      localStorage.setItem(key, JSON.stringify(changed))
    },
  }
}

function stored(key: string): Record<string, number> {
  try {
    return JSON.parse(localStorage.getItem(key) ?? '{}') as Record<string, number>
  } catch {
    return {}
  }
}
