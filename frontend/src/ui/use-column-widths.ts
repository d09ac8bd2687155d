import { useState } from 'react'

/** Least width of a column in pixels, enough for a short heading. */
const LEAST = 48

/** User-set column widths by column id, stored in the browser for all tables with the same columns. */
export function useColumnWidths(columnIds: readonly string[]) {
  const key = `widths of ${columnIds.join()}`
  const [widths, setWidths] = useState(() => stored(key))
  return {
    widths,
    /** Sets the width of a column; undefined resets it. */
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
