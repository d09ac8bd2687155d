import * as v from 'valibot'

/** What the data screen shows: raw files, the catalog or conversions, and which of them is open. */
export const dataSearch = v.strictObject({
  view: v.optional(v.picklist(['raw', 'catalog', 'conversions'])),
  dataset: v.optional(v.string()),
  instrument: v.optional(v.string()),
  conversion: v.optional(v.string()),
})

export type DataSearch = v.InferOutput<typeof dataSearch>
