import type { Violation } from './rpc-error'

/** The field of the last violation of a list that a service has cut; its description begins with the number of the rest. */
const REST = '…'

/** How many problems there are, those that a cut list leaves out included. */
export function problemCount(violations: readonly Violation[]): number {
  const last = violations.at(-1)
  const rest = last?.field === REST ? Number.parseInt(last.description, 10) : Number.NaN
  return Number.isNaN(rest) ? violations.length : violations.length - 1 + rest
}
