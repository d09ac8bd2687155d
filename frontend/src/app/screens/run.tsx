import { useQuery } from '@connectrpc/connect-query'
import { getRouteApi } from '@tanstack/react-router'
import { RotateCw } from 'lucide-react'

import { DeleteButton } from '@/features/results/delete-button'
import { NotesButton } from '@/features/results/notes-button'
import { Report } from '@/features/results/report'
import type { ReportSearch } from '@/features/results/report-search'
import { CancelButton } from '@/features/runner/live/cancel-button'
import { LiveRun } from '@/features/runner/live/live-run'
import { useWatchedRun } from '@/features/runner/live/use-watched-run'
import { VerificationStrip } from '@/features/runner/verification/verification-strip'
import { VerifyButton } from '@/features/runner/verification/verify-button'
import { modeText, symbolOf, windowText } from '@/features/runner/run-facts'
import { shareDone } from '@/jobs/job'
import { StateBadge } from '@/jobs/state-badge'
import { JobState } from '@/gen/tickreel/v1/job_pb'
import type { Result } from '@/gen/tickreel/v1/result_pb'
import type { Run } from '@/gen/tickreel/v1/run_pb'
import { ResultsService } from '@/gen/tickreel/v1/results_service_pb'
import { RpcError } from '@/rpc/rpc-error'
import { useAddress } from '@/ui/address'
import { ButtonLink } from '@/ui/button'
import { EmptyState } from '@/ui/empty-state'
import { ErrorState } from '@/ui/error-state'
import { Screen } from '@/ui/screen'
import { SkeletonRows } from '@/ui/skeleton'

const route = getRouteApi('/runs/$runId')

/** One run: live progress, then its report. */
export function RunScreen() {
  const { runId } = route.useParams()
  return <WatchedRunScreen key={runId} runId={runId} />
}

function WatchedRunScreen({ runId }: { runId: string }) {
  const stream = useWatchedRun(runId)
  const { run } = stream.state
  // Results outlive the runner's record of the job.
  const kept = useQuery(ResultsService.method.getResult, { runId }, { retry: false })
  // Report a deleted or damaged result as such even if the runner does not know the run.
  const noResult = kept.error && RpcError.from(kept.error)
  const deleted = noResult?.reason === 'RESULT_DELETED'
  const result = deleted ? undefined : (run?.result ?? kept.data?.result?.result)
  if (run === undefined) {
    return (
      <Screen title={runId} actions={result && <ReportActions runId={runId} />}>
        {result ? (
          <RunReport result={result} />
        ) : stream.status === 'failed' && stream.error && noResult ? (
          <>
            <ErrorState problem={noResult.reason === 'NOT_FOUND' ? stream.error : noResult} />
            <div className="px-11">
              <ButtonLink to="/runs">Go to the runs</ButtonLink>
            </div>
          </>
        ) : stream.status === 'broken' && stream.error && kept.isError ? (
          // The stream retries by itself.
          <ErrorState problem={stream.error} onRetry={() => void kept.refetch()} />
        ) : (
          <SkeletonRows />
        )}
      </Screen>
    )
  }
  const share = run.state === JobState.RUNNING ? shareDone(run) : null
  return (
    <Screen
      title={runId}
      tabTitle={share === null ? runId : `${Math.floor(share * 100)} % · ${runId}`}
      context={
        <>
          <StateBadge job={run} />
          <RunFacts run={run} />
        </>
      }
      actions={result ? <ReportActions runId={runId} /> : <CancelButton run={run} />}
    >
      {result ? (
        <RunReport result={result} />
      ) : deleted ? (
        <EmptyState
          action={
            <ButtonLink Icon={RotateCw} to="/" search={{ from: runId }}>
              Run again
            </ButtonLink>
          }
        >
          The result of this run was deleted.
        </EmptyState>
      ) : (
        <LiveRun run={run} stream={stream} />
      )}
    </Screen>
  )
}

/** Instrument and mode of a run in one line, and its window if there is room. */
function RunFacts({ run }: { run: Run }) {
  return (
    <span className="@container flex min-w-0 flex-auto gap-2 whitespace-nowrap">
      <span className="text-text">{symbolOf(run)}</span>
      <span className="figures text-faint @max-[380px]:hidden max-sm:hidden">{`${windowText(run)} UTC`}</span>
      <span>{modeText(run)}</span>
    </span>
  )
}

/** Actions on a result. */
function ReportActions({ runId }: { runId: string }) {
  const navigate = route.useNavigate()
  return (
    <>
      <NotesButton runId={runId} />
      <VerifyButton runId={runId} />
      <ButtonLink Icon={RotateCw} to="/" search={{ from: runId }}>
        Run again
      </ButtonLink>
      <DeleteButton runId={runId} onDeleted={() => void navigate({ to: '/runs' })} />
    </>
  )
}

function RunReport({ result }: { result: Result }) {
  const address = useAddress<ReportSearch>()
  const navigate = route.useNavigate()
  return (
    <div className="flex h-full flex-col">
      <VerificationStrip
        runId={result.runId}
        onOrder={(id) => {
          address.change({ order: String(id), tab: undefined })
        }}
      />
      <div className="min-h-0 flex-1 overflow-auto">
        <Report
          result={result}
          address={address}
          onRun={(runId) => {
            void navigate({ to: '/runs/$runId', params: { runId }, search: {} })
          }}
        />
      </div>
    </div>
  )
}
