/** Divisors to try when a step is too large for two ticks. */
const FINER = [1, 2, 5, 10, 20, 50]

/** Values on an axis: multiples of a step, or of a finer one if the range has fewer than two. */
export function valueTicks(low: number, high: number, step: number): number[] {
  const ticks = FINER.map((by) => multiples(low, high, step / by))
  return ticks.find(({ length }) => length > 1) ?? ticks.at(-1) ?? []
}

function multiples(low: number, high: number, step: number): number[] {
  const first = Math.ceil(low / step)
  const count = Math.max(Math.floor(high / step) - first + 1, 0)
  // Adding zero turns -0 into 0.
  return Array.from({ length: count }, (_, i) => (first + i) * step + 0)
}
