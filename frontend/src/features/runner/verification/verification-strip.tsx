import { Link } from '@tanstack/react-router'
import { X } from 'lucide-react'
import { useState } from 'react'

import type { Run } from '@/gen/tickreel/v1/run_pb'
import { hasEnded, shareDone } from '@/jobs/job'
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
  /** Shows an order of the run. */
  onOrder: (id: bigint) => void
}

/** The last verification of a run, above its report: how far it is, or its verdict. Nothing where there was none. */
export function VerificationStrip({ runId, onOrder }: VerificationStripProps) {
  const run = useVerification(runId)
  const [closed, setClosed] = useState<string>()
  const now = useNow(10_000)
  if (run === undefined || run.runId === closed) return null
  return (
    <section
      aria-label="Verification"
      className="relative flex max-h-72 shrink-0 items-start gap-4 max-sm:gap-0 overflow-auto border-b border-line-strong bg-surface px-4 py-2 text-sm"
    >
      <div role="status" className="flex min-w-0 flex-1 flex-col gap-2">
        {run.verification ? <Verdict verification={run.verification} onOrder={onOrder} /> : <Underway run={run} />}
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
          label="Close the verdict"
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

function Underway({ run }: { run: Run }) {
  return (
    <>
      <div className="flex flex-wrap items-center gap-x-4">
        <span>{hasEnded(run) ? 'The verification came to nothing' : 'Executing it again'}</span>
        <StateBadge job={run} />
        {run.failure && <span className="text-muted">{run.failure.message}</span>}
      </div>
      {!hasEnded(run) && <ProgressBar label="Verification" share={shareDone(run)} />}
    </>
  )
}
