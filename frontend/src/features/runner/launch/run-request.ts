import { create, type JsonObject, type MessageInitShape } from '@bufbuild/protobuf'

import { RunMode, SnapshotMode } from '@/gen/tickreel/v1/result_pb'
import { type CreateRunRequest, CreateRunRequestSchema } from '@/gen/tickreel/v1/runner_service_pb'

import { type Nanoseconds, secondsAndNanos } from '@/ui/format/instant'
import type { SnapshotModeName } from './launch-search'

/** What to run, and how: all that the form says. */
export interface Choice {
  /** A config of the Runner as it is, by id, or a document of one's own. */
  source: { configId: string } | { document: JsonObject }
  snapshotMode: SnapshotModeName | undefined
  full: boolean
  exportTicks: boolean
  /** A day folder; empty for all that the window touches. */
  dataset: string
  /** The instrument that the config must have; empty for no check. */
  instrument: string
  /** Where the window differs from the config's. */
  start: Nanoseconds | undefined
  end: Nanoseconds | undefined
}

const SNAPSHOT_MODE: Record<SnapshotModeName, SnapshotMode> = {
  trades: SnapshotMode.TRADES,
  book: SnapshotMode.BOOK,
  both: SnapshotMode.BOTH,
}

/** The request for a run, but for its request_id. */
export function toRequest(choice: Choice): CreateRunRequest {
  const { source, snapshotMode, full, exportTicks, dataset, instrument, start, end } = choice
  const init: MessageInitShape<typeof CreateRunRequestSchema> = {
    source:
      'configId' in source
        ? { case: 'configId', value: source.configId }
        : { case: 'document', value: source.document },
    options: {
      snapshotMode: snapshotMode === undefined ? SnapshotMode.UNSPECIFIED : SNAPSHOT_MODE[snapshotMode],
      mode: full ? RunMode.FULL : RunMode.FAST,
      exportTicks,
      dataset,
    },
    instrument,
  }
  if (start !== undefined) init.start = secondsAndNanos(start)
  if (end !== undefined) init.end = secondsAndNanos(end)
  return create(CreateRunRequestSchema, init)
}

/** The name of a snapshot mode; undefined where it is not set. */
export function snapshotModeName(mode: SnapshotMode): SnapshotModeName | undefined {
  return (['trades', 'book', 'both'] as const).find((name) => SNAPSHOT_MODE[name] === mode)
}
