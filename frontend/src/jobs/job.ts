import { JobState } from '@/gen/tickreel/v1/job_pb'
import type { Run } from '@/gen/tickreel/v1/run_pb'
import { instantOf } from '@/ui/format/instant'

/** What every kind of job has: where it is in its life, and how far. */
export type Job = Pick<Run, 'state' | 'progress' | 'queuePosition' | 'startedAt' | 'endedAt'>

/** Whether a job is in a final state. */
export function hasEnded({ state }: Pick<Job, 'state'>): boolean {
  return state === JobState.SUCCEEDED || state === JobState.FAILED || state === JobState.CANCELLED
}

/** How far a running phase is, from 0 to 1; null while that is not known. */
export function shareDone({ progress }: Pick<Job, 'progress'>): number | null {
  if (progress === undefined || progress.total === 0n) return null
  return Math.min(Number(progress.done) / Number(progress.total), 1)
}

/** How long a job took, or has taken so far, in seconds. Undefined where it has not begun. */
export function secondsTaken({ startedAt, endedAt }: Job, now: number): number | undefined {
  if (startedAt === undefined) return undefined
  const end = endedAt === undefined ? now / 1_000 : Number(instantOf(endedAt)) / 1e9
  return Math.max(end - Number(instantOf(startedAt)) / 1e9, 0)
}
