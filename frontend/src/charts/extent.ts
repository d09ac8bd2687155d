import { indexAt } from './columns'
import type { Span } from './span'

/** Lowest and highest value of a column in a span, including the value in effect at its start. NaN is ignored. */
export function columnExtent(ts: Float64Array, column: Float64Array, span: Span): [number, number] | undefined {
  const first = Math.max(indexAt(ts, span.from), 0)
  const last = indexAt(ts, span.to)
  let low = Infinity
  let high = -Infinity
  for (const value of column.subarray(first, last + 1)) {
    if (value < low) low = value
    if (value > high) high = value
  }
  return low <= high ? [low, high] : undefined
}

export function union(...extents: (readonly [number, number] | undefined)[]): [number, number] | undefined {
  const known = extents.filter((extent) => extent !== undefined)
  if (known.length === 0) return undefined
  return [Math.min(...known.map(([low]) => low)), Math.max(...known.map(([, high]) => high))]
}
