import * as v from 'valibot'

const instant = v.optional(v.pipe(v.string(), v.regex(/^\d{1,19}$/, 'must be nanoseconds since 1970')))

export const REPORT_TABS = [
  'orders',
  'fills',
  'positions',
  'timeline',
  'statistics',
  'audit',
  'findings',
  'made-from',
  'files',
] as const
export const ORDER_STATUSES = ['filled', 'partially_filled', 'cancelled', 'denied', 'rejected', 'in_flight'] as const
export const EVENTS = ['Trade', 'Order', 'Update', 'Fill'] as const

/** Search parameters of a report. Instants are UNIX nanoseconds. */
export const reportSearch = v.strictObject({
  /** Span of the charts. */
  from: instant,
  to: instant,
  /** Selection, which filters the tables. */
  since: instant,
  until: instant,
  /** Id of the selected order. */
  order: v.optional(v.pipe(v.string(), v.regex(/^\d{1,18}$/, 'must be the id of an order'))),
  tab: v.optional(v.picklist(REPORT_TABS)),
  side: v.optional(v.picklist(['buy', 'sell'])),
  status: v.optional(v.picklist(ORDER_STATUSES)),
  event: v.optional(v.picklist(EVENTS)),
  /** Column that the orders are sorted by, prefixed with a minus for descending order. */
  sort: v.optional(v.pipe(v.string(), v.regex(/^-?[a-z_]+$/, 'must be a column'))),
  /** Column that the positions are sorted by, likewise. */
  positionSort: v.optional(v.pipe(v.string(), v.regex(/^-?[a-z_]+$/, 'must be a column'))),
})

export type ReportSearch = v.InferOutput<typeof reportSearch>

/** Changes parameters; undefined removes one. */
export type ChangeSearch = (change: Partial<ReportSearch>) => void
