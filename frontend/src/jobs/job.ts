import { JobState } from '@/gen/tickreel/v1/job_pb'
import type { Run } from '@/gen/tickreel/v1/run_pb'
import { instantOf } from '@/ui/format/instant'

/** Fields common to all kinds of jobs: state, progress and times. */
export type Job = Pick<Run, 'state' | 'progress' | 'queuePosition' | 'startedAt' | 'endedAt'>

/** Whether a job is in a final state. */
export function hasEnded({ state }: Pick<Job, 'state'>): boolean {
  return state === JobState.SUCCEEDED || state === JobState.FAILED || state === JobState.CANCELLED
}

/** Progress of the running phase, from 0 to 1; null while unknown. */
export function shareDone({ progress }: Pick<Job, 'progress'>): number | null {
  if (progress === undefined || progress.total === 0n) return null
  return Math.min(Number(progress.done) / Number(progress.total), 1)
}

/** Duration of a job so far, in seconds; undefined if it has not started. */
export function secondsTaken({ startedAt, endedAt }: Job, now: number): number | undefined {
  if (startedAt === undefined) return undefined
  const end = endedAt === undefined ? now / 1_000 : Number(instantOf(endedAt)) / 1e9
  return Math.max(end - Number(instantOf(startedAt)) / 1e9, 0)
}
