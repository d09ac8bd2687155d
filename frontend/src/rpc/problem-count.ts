import type { Violation } from './rpc-error'

/** Field of the last violation in a truncated list; its description starts with the number of omitted ones. */
const REST = '…'

/** Number of problems, including those omitted from a truncated list. */
export function problemCount(violations: readonly Violation[]): number {
  const last = violations.at(-1)
  const rest = last?.field === REST ? Number.parseInt(last.description, 10) : Number.NaN
  return Number.isNaN(rest) ? violations.length : violations.length - 1 + rest
}
