import { useNavigate } from '@tanstack/react-router'
import { ArrowRight } from 'lucide-react'

import type { Run } from '@/gen/tickreel/v1/run_pb'
import type { Verification } from '@/gen/tickreel/v1/verification_pb'
import { ButtonLink } from '@/ui/button'

import { RunDetails } from '../live/run-details'
import { Verdict } from './verdict'

/** A finished verification: its verdict, and a link to the verified run. */
export function VerificationReport({ run, verification }: { run: Run; verification: Verification }) {
  const { verifiedRunId: runId } = run
  const navigate = useNavigate()
  return (
    <div className="flex h-full flex-col">
      <section aria-label="Verdict" className="flex shrink-0 flex-col gap-2 border-b border-line p-4 text-sm">
        <Verdict
          verification={verification}
          onOrder={(id) => void navigate({ to: '/runs/$runId', params: { runId }, search: { order: String(id) } })}
        />
        <div className="pt-2">
          <ButtonLink Icon={ArrowRight} to="/runs/$runId" params={{ runId }}>
            {`Open ${runId}`}
          </ButtonLink>
        </div>
      </section>
      <div className="min-h-0 flex-1">
        <RunDetails run={run} />
      </div>
    </div>
  )
}
