import { create, type JsonObject, type MessageInitShape } from '@bufbuild/protobuf'

import { RunMode, SnapshotMode } from '@/gen/tickreel/v1/result_pb'
import { type CreateRunRequest, CreateRunRequestSchema } from '@/gen/tickreel/v1/runner_service_pb'

import { type Nanoseconds, secondsAndNanos } from '@/ui/format/instant'
import type { SnapshotModeName } from './launch-search'

/** A run as chosen in the form. */
export interface Choice {
  /** An unedited config by id, or an edited document. */
  source: { configId: string } | { document: JsonObject }
  snapshotMode: SnapshotModeName | undefined
  full: boolean
  exportTicks: boolean
  /** A day folder; empty for all days in the window. */
  dataset: string
  /** Instrument that the config must have; empty for no check. */
  instrument: string
  /** Ends of the window that differ from those of the config. */
  start: Nanoseconds | undefined
  end: Nanoseconds | undefined
}

const SNAPSHOT_MODE: Record<SnapshotModeName, SnapshotMode> = {
  trades: SnapshotMode.TRADES,
  book: SnapshotMode.BOOK,
  both: SnapshotMode.BOTH,
}

/** Build the request for a run, without its request_id. */
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

/** Name of a snapshot mode; undefined if unset. */
export function snapshotModeName(mode: SnapshotMode): SnapshotModeName | undefined {
  return (['trades', 'book', 'both'] as const).find((name) => SNAPSHOT_MODE[name] === mode)
}
