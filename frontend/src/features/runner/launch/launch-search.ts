import type { JsonObject } from '@bufbuild/protobuf'
import * as v from 'valibot'

export const SNAPSHOT_MODES = ['trades', 'book', 'both'] as const
export type SnapshotModeName = (typeof SNAPSHOT_MODES)[number]

/**
 * Search parameters of the Run screen, named like the flags of `tickreel run`. Unset ones default to the config, or to the
 * run that it starts from.
 */
export const launchSearch = v.strictObject({
  /** Id of a config under configs/. */
  config: v.optional(v.string()),
  /** Id of a run to run again; its stored config and options are the defaults. */
  from: v.optional(v.string()),
  /** Edits of the config, as a JSON Merge Patch. */
  edit: v.optional(
    v.custom<JsonObject>((input) => typeof input === 'object' && input !== null && !Array.isArray(input)),
  ),
  snapshot_mode: v.optional(v.picklist(SNAPSHOT_MODES)),
  full: v.optional(v.boolean()),
  export_ticks: v.optional(v.boolean()),
  dataset: v.optional(v.string()),
  instrument: v.optional(v.string()),
  /** Times as typed, which may be incomplete. */
  start: v.optional(v.string()),
  end: v.optional(v.string()),
  /** Whether the JSON editor is open. */
  json: v.optional(v.boolean()),
})

export type LaunchSearch = v.InferOutput<typeof launchSearch>
