/** What a step is divided by where it is too large for two of its multiples to be in sight. */
const FINER = [1, 2, 5, 10, 20, 50]

/** The values on an axis: multiples of a step, or of a finer one where the range has fewer than two of them. */
export function valueTicks(low: number, high: number, step: number): number[] {
  const ticks = FINER.map((by) => multiples(low, high, step / by))
  return ticks.find(({ length }) => length > 1) ?? ticks.at(-1) ?? []
}

function multiples(low: number, high: number, step: number): number[] {
  const first = Math.ceil(low / step)
  const count = Math.max(Math.floor(high / step) - first + 1, 0)
  // Zero is never negative.
  return Array.from({ length: count }, (_, i) => (first + i) * step + 0)
}
