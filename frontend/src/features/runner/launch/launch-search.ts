import type { JsonObject } from '@bufbuild/protobuf'
import * as v from 'valibot'

export const SNAPSHOT_MODES = ['trades', 'book', 'both'] as const
export type SnapshotModeName = (typeof SNAPSHOT_MODES)[number]

/**
 * The Run screen in its URL, under the names of the flags of `tickreel run`. What it does not say is as the config, or the run
 * that it comes from, has it.
 */
export const launchSearch = v.strictObject({
  /** The id of a config under configs/. */
  config: v.optional(v.string()),
  /** The id of a run to run again: its stored config and options are what the rest is seen against. */
  from: v.optional(v.string()),
  /** How the config was edited, as a JSON Merge Patch. */
  edit: v.optional(
    v.custom<JsonObject>((input) => typeof input === 'object' && input !== null && !Array.isArray(input)),
  ),
  snapshot_mode: v.optional(v.picklist(SNAPSHOT_MODES)),
  full: v.optional(v.boolean()),
  export_ticks: v.optional(v.boolean()),
  dataset: v.optional(v.string()),
  instrument: v.optional(v.string()),
  /** Times as they were typed, which may be no times yet. */
  start: v.optional(v.string()),
  end: v.optional(v.string()),
  /** Whether the JSON of the config is open. */
  json: v.optional(v.boolean()),
})

export type LaunchSearch = v.InferOutput<typeof launchSearch>
