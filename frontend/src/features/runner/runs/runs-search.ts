import * as v from 'valibot'

/** The groups that one looks for: by state, and the runs that verify others, which stand among no other group. */
export const STATE_FILTERS = ['live', 'succeeded', 'failed', 'cancelled', 'verifications'] as const

export const SORT_COLUMNS = ['created', 'state', 'instrument', 'pnl', 'drawdown', 'orders', 'took'] as const

/** What the list of runs shows, as its address says it. */
export const runsSearch = v.strictObject({
  state: v.optional(v.picklist(STATE_FILTERS)),
  instrument: v.optional(v.string()),
  tag: v.optional(v.string()),
  /** A part of the id, the config's path, the strategy's name, a tag or the notes. */
  find: v.optional(v.string()),
  sort: v.optional(v.picklist(SORT_COLUMNS)),
  order: v.optional(v.picklist(['ascending', 'descending'])),
})

export type RunsSearch = v.InferOutput<typeof runsSearch>
