import * as v from 'valibot'

/** Groups of runs: by state, and the verifications, which belong to no other group. */
export const STATE_FILTERS = ['live', 'succeeded', 'failed', 'cancelled', 'verifications'] as const

export const SORT_COLUMNS = ['created', 'state', 'instrument', 'pnl', 'drawdown', 'orders', 'took'] as const

/** Search parameters of the list of runs. */
export const runsSearch = v.strictObject({
  state: v.optional(v.picklist(STATE_FILTERS)),
  instrument: v.optional(v.string()),
  tag: v.optional(v.string()),
  /** Text to find in the id, config path, strategy name, tags or notes. */
  find: v.optional(v.string()),
  sort: v.optional(v.picklist(SORT_COLUMNS)),
  order: v.optional(v.picklist(['ascending', 'descending'])),
})

export type RunsSearch = v.InferOutput<typeof runsSearch>
