import { ShieldCheck } from 'lucide-react'

import { hasEnded } from '@/jobs/job'
import { Button } from '@/ui/button'

import { useVerification, useVerify } from './use-verification'

/** Starts a verification of a run; its verdict is shown above the report. */
export function VerifyButton({ runId }: { runId: string }) {
  const latest = useVerification(runId)
  const { verify, isPending } = useVerify(runId)
  const living = latest !== undefined && !hasEnded(latest)
  return (
    <Button Icon={ShieldCheck} busy={isPending || living} onClick={verify}>
      {living ? 'Verifying' : 'Verify'}
    </Button>
  )
}
