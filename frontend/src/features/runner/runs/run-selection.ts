import { JobState } from '@/gen/tickreel/v1/job_pb'
import type { Run } from '@/gen/tickreel/v1/run_pb'
import { hasEnded } from '@/jobs/job'

import { secondsTaken } from '@/jobs/job'
import { symbolOf } from '../run-facts'
import { createdAt } from '../use-runs'
import type { RunsSearch } from './runs-search'

type StateFilter = NonNullable<RunsSearch['state']>
type SortColumn = NonNullable<RunsSearch['sort']>

const STATES: Record<StateFilter, (run: Run) => boolean> = {
  live: (run) => !hasEnded(run),
  succeeded: (run) => run.state === JobState.SUCCEEDED,
  failed: (run) => run.state === JobState.FAILED,
  cancelled: (run) => run.state === JobState.CANCELLED,
}

/** What runs are sorted by. Money is compared as numbers: the order of what differs after 15 digits is no matter. */
const KEYS: Record<SortColumn, (run: Run, now: number) => number | string | undefined> = {
  created: createdAt,
  state: (run) => run.state,
  instrument: symbolOf,
  pnl: (run) => figure(run.result?.summary?.pnl),
  drawdown: (run) => figure(run.result?.summary?.maxDrawdown),
  orders: (run) => run.result?.summary?.orders,
  took: secondsTaken,
}

/** The runs that a search asks for, in its order; those without the figure that sorts come last. */
export function selectRuns(runs: readonly Run[], search: RunsSearch, now: number): Run[] {
  const { state, instrument, find = '', sort = 'created', order = 'descending' } = search
  const wanted = find.toLowerCase()
  const keyOf = KEYS[sort]
  const direction = order === 'descending' ? -1 : 1
  return runs
    .filter((run) => state === undefined || STATES[state](run))
    .filter((run) => instrument === undefined || run.config?.instrument?.id === instrument)
    .filter((run) => textOf(run).includes(wanted))
    .map((run) => ({ run, key: keyOf(run, now) }))
    .sort((a, b) => {
      if (a.key === undefined || b.key === undefined) return Number(a.key === undefined) - Number(b.key === undefined)
      return a.key < b.key ? -direction : a.key > b.key ? direction : 0
    })
    .map(({ run }) => run)
}

/** How many runs each group of states has. */
export function countStates(runs: readonly Run[]): Record<StateFilter, number> {
  const count = (matches: (run: Run) => boolean) => runs.filter(matches).length
  return {
    live: count(STATES.live),
    succeeded: count(STATES.succeeded),
    failed: count(STATES.failed),
    cancelled: count(STATES.cancelled),
  }
}

function textOf({ runId, options, config }: Run): string {
  return `${runId} ${options?.configPath ?? ''} ${config?.strategy?.name ?? ''}`.toLowerCase()
}

function figure(decimal: string | undefined): number | undefined {
  return decimal === undefined ? undefined : Number(decimal)
}
