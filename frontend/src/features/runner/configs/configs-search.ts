import * as v from 'valibot'

/** Which config is open. */
export const configsSearch = v.strictObject({ config: v.optional(v.string()) })
