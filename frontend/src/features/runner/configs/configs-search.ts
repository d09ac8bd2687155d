import * as v from 'valibot'

/** Search parameters of the configs screen: the open config. */
export const configsSearch = v.strictObject({ config: v.optional(v.string()) })
