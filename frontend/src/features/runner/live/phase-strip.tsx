import { Check } from 'lucide-react'

import { JobPhase, JobState } from '@/gen/tickreel/v1/job_pb'
import type { Run } from '@/gen/tickreel/v1/run_pb'
import { classNames } from '@/ui/class-names'
import { formatCount, formatRate } from '@/ui/format/count'
import { formatAge, formatDuration } from '@/ui/format/duration'
import { formatDate, formatTime, instantOf } from '@/ui/format/instant'
import { ProgressBar } from '@/ui/progress-bar'
import { useNow } from '@/ui/use-now'

import { secondsTaken, shareDone } from '@/jobs/job'
import { PHASE_WORDS } from '@/jobs/state-badge'

const PHASES = [JobPhase.CONVERTING, JobPhase.LOADING, JobPhase.REPLAYING]

/** Phases of a run. The last one is writing, or comparing in a verification. */
function phasesOf({ verifiedRunId }: Run): readonly JobPhase[] {
  return [...PHASES, verifiedRunId === '' ? JobPhase.WRITING : JobPhase.COMPARING]
}

/** Age in seconds from which an update counts as stale: a running job reports several times a second. */
const STALE = 5

/** Progress of a run: its phases, progress and rate of the current one, and the age of the last update. */
export function PhaseStrip({ run, heardAt }: { run: Run; heardAt: number | undefined }) {
  const now = useNow()
  const age = heardAt === undefined ? 0 : Math.max(now - heardAt, 0) / 1_000
  const stale = run.state === JobState.RUNNING && age > STALE
  return (
    <section aria-label="Progress" className="shrink-0 border-b border-line px-4 py-3">
      <ol className="grid grid-cols-4 gap-3">
        {phasesOf(run).map((phase) => (
          <Phase key={phase} phase={phase} run={run} stale={stale} />
        ))}
      </ol>
      <p className="figures mt-2 flex flex-wrap gap-x-5 gap-y-1 text-muted" role="status">
        <Position run={run} />
        <span className="ml-auto text-faint">
          {run.startedAt && `${formatDuration(secondsTaken(run, now) ?? 0)} so far · `}
          <span className={stale ? 'text-warning' : undefined}>updated {formatAge(age)}</span>
        </span>
      </p>
    </section>
  )
}

function Phase({ phase, run, stale }: { phase: JobPhase; run: Run; stale: boolean }) {
  const current = run.state === JobState.QUEUED ? JobPhase.UNSPECIFIED : (run.progress?.phase ?? JobPhase.UNSPECIFIED)
  const done = current > phase
  const share = done ? 1 : current === phase ? shareDone(run) : 0
  const word = PHASE_WORDS[phase]
  return (
    <li aria-current={current === phase ? 'step' : undefined}>
      <div
        className={classNames('mb-1 flex items-center gap-1 text-xs', current === phase ? 'text-text' : 'text-faint')}
      >
        {word}
        {done && <Check size={12} aria-label="done" />}
        {current === phase && share !== null && <span className="figures ml-auto">{Math.floor(share * 100)} %</span>}
      </div>
      <ProgressBar label={word} share={share} stale={stale} />
    </li>
  )
}

function Position({ run }: { run: Run }) {
  const { progress, state, queuePosition } = run
  if (state === JobState.QUEUED) {
    return (
      <span className="font-sans">
        {queuePosition > 0
          ? `Number ${queuePosition} in the queue; starts when the runs before it have ended`
          : 'Waiting in the queue'}
      </span>
    )
  }
  if (progress === undefined) return <span>starting</span>
  const { done, total, unit, rate, eta, tsEvent } = progress
  return (
    <>
      {tsEvent && (
        <span className="text-text" title="Time of the last replayed row">
          {`${formatDate(instantOf(tsEvent))} ${formatTime(instantOf(tsEvent), 'ms')} UTC`}
        </span>
      )}
      <span>
        {total > 0n ? `${formatCount(done)} of ${formatCount(total)} ${unit}` : `${formatCount(done)} ${unit}`}
      </span>
      {rate > 0 && <span>{formatRate(rate, unit)}</span>}
      {eta && <span>{formatDuration(Number(eta.seconds) + eta.nanos / 1e9)} left</span>}
    </>
  )
}
