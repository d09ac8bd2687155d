import { create } from '@bufbuild/protobuf'

import { JobState } from '@/gen/tickreel/v1/job_pb'
import type { ResultEntry } from '@/gen/tickreel/v1/result_pb'
import { type RunEntry, RunEntrySchema } from '@/gen/tickreel/v1/run_pb'
import { instantOf, parseInstant, secondsAndNanos } from '@/ui/format/instant'

import type { ResultEntries } from '../use-result-entries'

/** A run in the list, with the tags and notes of its result. */
export interface ListedRun {
  run: RunEntry
  tags: readonly string[]
  notes: string
  /** Whether its result was deleted or cannot be read. */
  withoutResult: boolean
}

/**
 * Join the runs of the runner with the notes of their results, and add results whose runs the runner does not know: they
 * were copied here, or the journal was lost.
 */
export function listRuns(runs: readonly RunEntry[], entries: ResultEntries | undefined): ListedRun[] {
  const known = new Set(runs.map(({ runId }) => runId))
  const orphans = [...(entries?.byRun ?? [])].filter(([runId]) => !known.has(runId)).map(([, entry]) => runOf(entry))
  return [...runs, ...orphans].map((run) => {
    const { tags = [], notes = '' } = entries?.byRun.get(run.runId) ?? {}
    return { run, tags, notes, withoutResult: entries !== undefined && leftNothing(run, entries) }
  })
}

/** Time after the end of a run in which the list of results may still lack its result, in milliseconds. */
const GRACE = 10_000

function leftNothing(run: RunEntry, { byRun, asOf }: ResultEntries): boolean {
  if (run.state !== JobState.SUCCEEDED || run.verifiedRunId !== '' || byRun.has(run.runId)) return false
  return run.endedAt !== undefined && Number(instantOf(run.endedAt) / 1_000_000n) < asOf - GRACE
}

/** Run entry reconstructed from a result. */
function runOf(entry: ResultEntry): RunEntry {
  const { runId, mode, snapshotMode, instrument, strategy, configPath, figures, createdAt } = entry
  const time = (text: string) => {
    const instant = parseInstant(text)
    return instant === undefined ? undefined : secondsAndNanos(instant)
  }
  const start = time(entry.replayStart)
  const end = time(entry.replayEnd)
  return create(RunEntrySchema, {
    runId,
    state: JobState.SUCCEEDED,
    instrument,
    strategy,
    timeWindow: { ...(start && { start }), ...(end && { end }) },
    options: { mode, snapshotMode, configPath },
    ...(figures && { figures }),
    ...(createdAt && { createdAt }),
  })
}
