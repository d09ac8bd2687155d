import { isoInstant } from '@/ui/format/instant'

import type { ReportSearch } from './report-search'

/** Joins conditions as filters of the services have them; those that are undefined do not count. */
export function allOf(...conditions: (string | undefined)[]): string {
  return conditions.filter((condition) => condition !== undefined).join(' AND ')
}

/** The condition that a field has a value; none where there is no value to have. */
export function equals(field: string, value: string | undefined): string | undefined {
  return value === undefined ? undefined : `${field} = ${JSON.stringify(value)}`
}

/** The condition that a time lies in the selection, both ends inclusive; none where nothing is selected. */
export function selected(field: string, { since, until }: Pick<ReportSearch, 'since' | 'until'>): string | undefined {
  if (since === undefined || until === undefined) return undefined
  return `${field} >= "${isoInstant(BigInt(since))}" AND ${field} <= "${isoInstant(BigInt(until))}"`
}
