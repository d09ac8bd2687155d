import { useQuery } from '@connectrpc/connect-query'
import { Link } from '@tanstack/react-router'
import { X } from 'lucide-react'
import { useState } from 'react'

import type { RunEntry } from '@/gen/tickreel/v1/run_pb'
import { RunnerService } from '@/gen/tickreel/v1/runner_service_pb'
import { Verdict as VerdictValue } from '@/gen/tickreel/v1/verification_pb'
import { hasEnded, shareDone } from '@/jobs/job'
import { RpcError } from '@/rpc/rpc-error'
import { StateBadge } from '@/jobs/state-badge'
import { IconButton } from '@/ui/button'
import { formatAge } from '@/ui/format/duration'
import { ProgressBar } from '@/ui/progress-bar'
import { useNow } from '@/ui/use-now'

import { CancelButton } from '../live/cancel-button'
import { createdAt } from '../use-runs'
import { useVerification } from './use-verification'
import { Verdict } from './verdict'

interface VerificationStripProps {
  runId: string
  /** Selects an order of the run. */
  onOrder: (id: bigint) => void
}

/** Progress or verdict of the newest verification, above the report; nothing if there was none. */
export function VerificationStrip({ runId, onOrder }: VerificationStripProps) {
  const run = useVerification(runId)
  const [closed, setClosed] = useState<string>()
  const now = useNow(10_000)
  // Only the complete run has the comparison, once it has ended.
  const whole = useQuery(
    RunnerService.method.getRun,
    { runId: run?.runId ?? '' },
    { enabled: run !== undefined && run.verdict !== VerdictValue.UNSPECIFIED, staleTime: 0 },
  )
  if (run === undefined || run.runId === closed) return null
  return (
    <section
      aria-label="Verification"
      className="relative flex max-h-72 shrink-0 items-start gap-4 max-sm:gap-0 overflow-auto border-b border-line-strong bg-surface px-4 py-2 text-sm"
    >
      <div role="status" className="flex min-w-0 flex-1 flex-col gap-2">
        {whole.data?.run?.verification ? (
          <Verdict verification={whole.data.run.verification} onOrder={onOrder} />
        ) : (
          <Underway run={run} problem={whole.error ? RpcError.from(whole.error).message : undefined} />
        )}
      </div>
      <Link
        to="/runs/$runId"
        params={{ runId: run.runId }}
        className="figures text-xs leading-7 text-faint hover:text-text max-sm:hidden"
      >
        {formatAge(Math.max(now / 1_000 - createdAt(run), 0))}
      </Link>
      {hasEnded(run) ? (
        <IconButton
          Icon={X}
          label="Close verdict"
          onClick={() => {
            setClosed(run.runId)
          }}
        />
      ) : (
        <CancelButton run={run} />
      )}
    </section>
  )
}

function Underway({ run, problem }: { run: RunEntry; problem: string | undefined }) {
  return (
    <>
      <div className="flex flex-wrap items-center gap-x-4">
        <span>{endText(run)}</span>
        <StateBadge job={run} />
        {run.failure && <span className="text-muted">{run.failure.message}</span>}
        {problem !== undefined && <span className="text-danger">{problem}</span>}
      </div>
      {!hasEnded(run) && <ProgressBar label="Verification" share={shareDone(run)} />}
    </>
  )
}

function endText(run: RunEntry): string {
  if (!hasEnded(run)) return 'Executing again'
  return run.verdict === VerdictValue.UNSPECIFIED ? 'The verification has no verdict' : 'Loading the verdict'
}
