import { Ban, Check, CircleDashed, CircleDot, CircleX, type LucideIcon } from 'lucide-react'

import { JobPhase, JobState } from '@/gen/tickreel/v1/job_pb'
import { Badge, type Tone } from '@/ui/badge'

import { type Job, shareDone } from './job'

const APPEARANCE: Record<JobState, { tone: Tone; Icon: LucideIcon; word: string }> = {
  [JobState.UNSPECIFIED]: { tone: 'faint', Icon: CircleDashed, word: 'unknown' },
  [JobState.QUEUED]: { tone: 'neutral', Icon: CircleDashed, word: 'queued' },
  [JobState.RUNNING]: { tone: 'accent', Icon: CircleDot, word: 'running' },
  [JobState.CANCELLING]: { tone: 'warning', Icon: CircleDot, word: 'cancelling' },
  [JobState.SUCCEEDED]: { tone: 'neutral', Icon: Check, word: 'succeeded' },
  [JobState.FAILED]: { tone: 'danger', Icon: CircleX, word: 'failed' },
  [JobState.CANCELLED]: { tone: 'faint', Icon: Ban, word: 'cancelled' },
}

/** Display names of job phases. */
export const PHASE_WORDS: Record<JobPhase, string> = {
  [JobPhase.UNSPECIFIED]: 'starting',
  [JobPhase.CONVERTING]: 'converting',
  [JobPhase.LOADING]: 'loading',
  [JobPhase.REPLAYING]: 'replaying',
  [JobPhase.WRITING]: 'writing',
  [JobPhase.COMPARING]: 'comparing',
}

/** State of a job, with its queue position or its phase and progress. */
export function StateBadge({ job }: { job: Job }) {
  const { tone, Icon, word } = APPEARANCE[job.state]
  const text = detail(job)
  return (
    <Badge tone={tone} Icon={Icon}>
      {job.state === JobState.RUNNING ? PHASE_WORDS[job.progress?.phase ?? JobPhase.UNSPECIFIED] : word}
      {text !== '' && <span className="figures">{text}</span>}
    </Badge>
  )
}

function detail(job: Job): string {
  if (job.state === JobState.QUEUED && job.queuePosition > 0) return `#${job.queuePosition}`
  const share = job.state === JobState.RUNNING ? shareDone(job) : null
  return share === null
    ? ''
    : `${Math.floor(share * 100)
        .toString()
        .padStart(3, ' ')} %`
}
