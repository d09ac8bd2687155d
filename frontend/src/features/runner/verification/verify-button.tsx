import { ShieldCheck } from 'lucide-react'

import { hasEnded } from '@/jobs/job'
import { Button } from '@/ui/button'

import { useVerification, useVerify } from './use-verification'

/** Starts a verification of a run; its verdict is shown above the report. */
export function VerifyButton({ runId }: { runId: string }) {
  const latest = useVerification(runId)
  const { verify, isPending } = useVerify(runId)
  const isVerifying = latest !== undefined && !hasEnded(latest)
  return (
    <Button Icon={ShieldCheck} busy={isPending || isVerifying} onClick={verify}>
      {isVerifying ? 'Verifying' : 'Verify'}
    </Button>
  )
}
