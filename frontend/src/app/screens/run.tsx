import { getRouteApi, Link } from '@tanstack/react-router'

import { CancelButton } from '@/features/runner/live/cancel-button'
import { LiveRun } from '@/features/runner/live/live-run'
import { useWatchedRun } from '@/features/runner/live/use-watched-run'
import { modeText, shareDone, symbolOf, windowText } from '@/features/runner/run-facts'
import { StateBadge } from '@/features/runner/state-badge'
import { JobState } from '@/gen/tickreel/v1/job_pb'
import { Button } from '@/ui/button'
import { ErrorState } from '@/ui/error-state'
import { Screen } from '@/ui/screen'
import { SkeletonRows } from '@/ui/skeleton'

const route = getRouteApi('/runs/$runId')

/** One run: as it lives, and its report once it has one. */
export function RunScreen() {
  const { runId } = route.useParams()
  return <WatchedRunScreen key={runId} runId={runId} />
}

function WatchedRunScreen({ runId }: { runId: string }) {
  const stream = useWatchedRun(runId)
  const { run } = stream.state
  if (run === undefined) {
    return (
      <Screen title={runId}>
        {stream.status === 'failed' && stream.error ? (
          <>
            <ErrorState problem={stream.error} />
            <div className="px-11">
              <Button nativeButton={false} render={<Link to="/runs" />}>
                Go to the runs
              </Button>
            </div>
          </>
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
          <StateBadge run={run} />
          <span className="truncate">
            {symbolOf(run)} <span className="figures text-faint">{windowText(run)} UTC</span> {modeText(run)}
          </span>
        </>
      }
      actions={<CancelButton run={run} />}
    >
      <LiveRun run={run} stream={stream} />
    </Screen>
  )
}
