import { lazy, Suspense } from 'react'

import { JobState } from '@/gen/tickreel/v1/job_pb'
import type { Run } from '@/gen/tickreel/v1/run_pb'
import type { Stream } from '@/rpc/use-stream'
import { EmptyState } from '@/ui/empty-state'

import { windowOf } from '../run-facts'
import { VerificationReport } from '../verification/verification-report'
import { Figures } from './figures'
import { PhaseStrip } from './phase-strip'
import { RunDetails } from './run-details'
import { RunEnd } from './run-end'
import type { WatchedRun } from './use-watched-run'

const LiveEquity = lazy(() => import('@/charts/live-equity').then((module) => ({ default: module.LiveEquity })))

interface LiveRunProps {
  run: Run
  stream: Stream<WatchedRun>
}

/** A run without a report: queued, running, failed or cancelled. */
export function LiveRun({ run, stream }: LiveRunProps) {
  const { equity, beginnings } = stream.state
  const ended = run.state === JobState.FAILED || run.state === JobState.CANCELLED
  if (run.verification) return <VerificationReport run={run} verification={run.verification} />
  return (
    <div className="flex h-full flex-col">
      {ended ? (
        <RunEnd run={run} />
      ) : (
        <>
          <PhaseStrip run={run} heardAt={stream.lastMessageAt} />
          {run.state !== JobState.QUEUED && <Figures run={run} />}
        </>
      )}
      {!ended && (
        <div className="min-h-72 flex-1 border-b border-line">
          {equity.ts.length === 0 ? (
            <EmptyState>Equity and drawdown appear here during the replay.</EmptyState>
          ) : (
            <Suspense>
              <LiveEquity
                key={beginnings}
                className="flex h-full flex-col"
                series={equity}
                base={windowOf(run)?.start ?? 0n}
                currency={run.live?.currency ?? ''}
                startingEquity={Number(run.live?.equity ?? 0) - Number(run.live?.pnl ?? 0)}
              />
            </Suspense>
          )}
        </div>
      )}
      <div className={ended ? 'min-h-60 flex-1' : 'h-44 shrink-0'}>
        <RunDetails run={run} />
      </div>
    </div>
  )
}
