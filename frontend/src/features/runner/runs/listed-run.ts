import { create } from '@bufbuild/protobuf'

import { JobState } from '@/gen/tickreel/v1/job_pb'
import type { ResultEntry } from '@/gen/tickreel/v1/result_pb'
import { type RunEntry, RunEntrySchema } from '@/gen/tickreel/v1/run_pb'
import { instantOf, parseInstant, secondsAndNanos } from '@/ui/format/instant'

import type { ResultEntries } from '../use-result-entries'

/** A run of the list, and what people have noted of its result. */
export interface ListedRun {
  run: RunEntry
  tags: readonly string[]
  notes: string
  /** Whether it left a result that was deleted since, or cannot be read. */
  withoutResult: boolean
}

/**
 * The runs that the runner knows, each with what is noted of its result, and the results whose runs it does not know: they
 * were copied here, or its journal was lost.
 */
export function listRuns(runs: readonly RunEntry[], entries: ResultEntries | undefined): ListedRun[] {
  const known = new Set(runs.map(({ runId }) => runId))
  const orphans = [...(entries?.byRun ?? [])].filter(([runId]) => !known.has(runId)).map(([, entry]) => runOf(entry))
  return [...runs, ...orphans].map((run) => {
    const { tags = [], notes = '' } = entries?.byRun.get(run.runId) ?? {}
    return { run, tags, notes, withoutResult: entries !== undefined && leftNothing(run, entries) }
  })
}

/** How long a result may be missing from a list that was asked for about when its run ended, in milliseconds. */
const GRACE = 10_000

function leftNothing(run: RunEntry, { byRun, asOf }: ResultEntries): boolean {
  if (run.state !== JobState.SUCCEEDED || run.verifiedRunId !== '' || byRun.has(run.runId)) return false
  return run.endedAt !== undefined && Number(instantOf(run.endedAt) / 1_000_000n) < asOf - GRACE
}

/** As much of a run as its result tells. */
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
