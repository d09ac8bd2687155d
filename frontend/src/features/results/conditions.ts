import { isoInstant } from '@/ui/format/instant'

import type { ReportSearch } from './report-search'

/** Join conditions to a filter of the services, without the undefined ones. */
export function allOf(...conditions: (string | undefined)[]): string {
  return conditions.filter((condition) => condition !== undefined).join(' AND ')
}

/** Condition that a field equals a value; undefined without a value. */
export function equals(field: string, value: string | undefined): string | undefined {
  return value === undefined ? undefined : `${field} = ${JSON.stringify(value)}`
}

/** Condition that a time lies in the selection, both ends inclusive; undefined without a selection. */
export function selected(field: string, { since, until }: Pick<ReportSearch, 'since' | 'until'>): string | undefined {
  if (since === undefined || until === undefined) return undefined
  return `${field} >= "${isoInstant(BigInt(since))}" AND ${field} <= "${isoInstant(BigInt(until))}"`
}
