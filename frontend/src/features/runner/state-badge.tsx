import { Ban, Check, CircleDashed, CircleDot, CircleX, type LucideIcon } from 'lucide-react'

import { JobPhase, JobState } from '@/gen/tickreel/v1/job_pb'
import type { Run } from '@/gen/tickreel/v1/run_pb'
import { Badge, type Tone } from '@/ui/badge'

import { shareDone } from './run-facts'

const LOOKS: Record<JobState, { tone: Tone; Icon: LucideIcon; word: string }> = {
  [JobState.UNSPECIFIED]: { tone: 'faint', Icon: CircleDashed, word: 'unknown' },
  [JobState.QUEUED]: { tone: 'neutral', Icon: CircleDashed, word: 'queued' },
  [JobState.RUNNING]: { tone: 'accent', Icon: CircleDot, word: 'running' },
  [JobState.CANCELLING]: { tone: 'warning', Icon: CircleDot, word: 'cancelling' },
  [JobState.SUCCEEDED]: { tone: 'neutral', Icon: Check, word: 'succeeded' },
  [JobState.FAILED]: { tone: 'danger', Icon: CircleX, word: 'failed' },
  [JobState.CANCELLED]: { tone: 'faint', Icon: Ban, word: 'cancelled' },
}

/** What a running job does, in a word. */
export const PHASE_WORDS: Record<JobPhase, string> = {
  [JobPhase.UNSPECIFIED]: 'starting',
  [JobPhase.CONVERTING]: 'converting',
  [JobPhase.LOADING]: 'loading',
  [JobPhase.REPLAYING]: 'replaying',
  [JobPhase.WRITING]: 'writing',
  [JobPhase.COMPARING]: 'comparing',
}

/** Where a run is in its life: its place in the queue, or what it does and how far it is. */
export function StateBadge({ run }: { run: Run }) {
  const { tone, Icon, word } = LOOKS[run.state]
  return (
    <Badge tone={tone} Icon={Icon}>
      {run.state === JobState.RUNNING ? PHASE_WORDS[run.progress?.phase ?? JobPhase.UNSPECIFIED] : word}
      <span className="figures">{detail(run)}</span>
    </Badge>
  )
}

function detail(run: Run): string {
  if (run.state === JobState.QUEUED && run.queuePosition > 0) return `#${run.queuePosition}`
  const share = run.state === JobState.RUNNING ? shareDone(run) : null
  return share === null
    ? ''
    : `${Math.floor(share * 100)
        .toString()
        .padStart(3, ' ')} %`
}
