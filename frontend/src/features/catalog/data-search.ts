import * as v from 'valibot'

/** Search parameters of the data screen: the view and its open item. */
export const dataSearch = v.strictObject({
  view: v.optional(v.picklist(['raw', 'catalog', 'conversions'])),
  dataset: v.optional(v.string()),
  instrument: v.optional(v.string()),
  conversion: v.optional(v.string()),
})

export type DataSearch = v.InferOutput<typeof dataSearch>
