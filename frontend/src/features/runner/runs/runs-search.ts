import * as v from 'valibot'

/** The groups of states that one looks for. */
export const STATE_FILTERS = ['live', 'succeeded', 'failed', 'cancelled'] as const

export const SORT_COLUMNS = ['created', 'state', 'instrument', 'pnl', 'drawdown', 'orders', 'took'] as const

/** What the list of runs shows, as its address says it. */
export const runsSearch = v.strictObject({
  state: v.optional(v.picklist(STATE_FILTERS)),
  instrument: v.optional(v.string()),
  /** A part of the id, the config's path or the strategy's name. */
  find: v.optional(v.string()),
  sort: v.optional(v.picklist(SORT_COLUMNS)),
  order: v.optional(v.picklist(['ascending', 'descending'])),
})

export type RunsSearch = v.InferOutput<typeof runsSearch>
