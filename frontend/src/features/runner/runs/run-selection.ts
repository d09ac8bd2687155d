import { JobState } from '@/gen/tickreel/v1/job_pb'
import type { RunEntry } from '@/gen/tickreel/v1/run_pb'
import { hasEnded } from '@/jobs/job'

import { secondsTaken } from '@/jobs/job'
import { symbolOf } from '../run-facts'
import { createdAt } from '../use-runs'
import type { ListedRun } from './listed-run'
import type { RunsSearch } from './runs-search'

type StateFilter = NonNullable<RunsSearch['state']>
type SortColumn = NonNullable<RunsSearch['sort']>

/** Whether a run belongs to a group; without a group, whether it is not a verification. */
function isOf(group: StateFilter | undefined, run: RunEntry): boolean {
  if (group === 'verifications') return run.verifiedRunId !== ''
  return run.verifiedRunId === '' && (group === undefined || STATES[group](run))
}

const STATES: Record<Exclude<StateFilter, 'verifications'>, (run: RunEntry) => boolean> = {
  live: (run) => !hasEnded(run),
  succeeded: (run) => run.state === JobState.SUCCEEDED,
  failed: (run) => run.state === JobState.FAILED,
  cancelled: (run) => run.state === JobState.CANCELLED,
}

/** Sort keys. Money is compared as numbers, since differences beyond 15 digits do not matter here. */
const KEYS: Record<SortColumn, (run: RunEntry, now: number) => number | bigint | string | undefined> = {
  created: createdAt,
  state: (run) => run.state,
  instrument: symbolOf,
  pnl: (run) => figure(run.figures?.pnl),
  drawdown: (run) => figure(run.figures?.maxDrawdown),
  orders: (run) => run.figures?.orders,
  took: secondsTaken,
}

/** Filter and sort runs by a search. Runs without the sorted figure come last. */
export function selectRuns(runs: readonly ListedRun[], search: RunsSearch, now: number): ListedRun[] {
  const { state, instrument, tag, find = '', sort = 'created', order = 'descending' } = search
  const wanted = find.toLowerCase()
  const keyOf = KEYS[sort]
  const direction = order === 'descending' ? -1 : 1
  return runs
    .filter(({ run }) => isOf(state, run))
    .filter(({ run }) => instrument === undefined || run.instrument === instrument)
    .filter(({ tags }) => tag === undefined || tags.includes(tag))
    .filter((listed) => textOf(listed).includes(wanted))
    .map((listed) => ({ listed, key: keyOf(listed.run, now) }))
    .sort((a, b) => {
      if (a.key === undefined || b.key === undefined) return Number(a.key === undefined) - Number(b.key === undefined)
      return a.key < b.key ? -direction : a.key > b.key ? direction : 0
    })
    .map(({ listed }) => listed)
}

/** Number of runs per group. */
export function countGroups(runs: readonly ListedRun[]): Record<StateFilter, number> {
  const count = (group: StateFilter) => runs.filter(({ run }) => isOf(group, run)).length
  return {
    live: count('live'),
    succeeded: count('succeeded'),
    failed: count('failed'),
    cancelled: count('cancelled'),
    verifications: count('verifications'),
  }
}

function textOf({ run: { runId, options, strategy }, tags, notes }: ListedRun): string {
  return [runId, options?.configPath, strategy, ...tags, notes].join(' ').toLowerCase()
}

function figure(decimal: string | undefined): number | undefined {
  return decimal === undefined ? undefined : Number(decimal)
}
