import { Link } from '@tanstack/react-router'

import { hasEnded } from '@/jobs/job'
import { useLiveRuns } from '@/jobs/live-runs'
import { formatAge } from '@/ui/format/duration'
import { useNow } from '@/ui/use-now'

/** Number of live runs, or the state of the connection and the age of the last update while it is down. */
export function LiveStatus() {
  const { state, status, lastMessageAt } = useLiveRuns()
  const now = useNow()
  if (status === 'connecting') return <span className="px-2 text-xs text-faint">connecting</span>
  if (status !== 'open') {
    const age = lastMessageAt === undefined ? '' : ` · last update ${formatAge((now - lastMessageAt) / 1_000)}`
    return (
      <span role="status" className="flex items-center gap-1.5 px-2 text-xs text-warning">
        <span aria-hidden className="size-1.5 animate-pulse rounded-full bg-warning" />
        {status === 'broken' ? `reconnecting${age}` : 'no connection'}
      </span>
    )
  }
  const live = [...state.values()].filter((run) => !hasEnded(run)).length
  return (
    <Link
      to="/runs"
      search={{ state: 'live' }}
      className="flex h-7 items-center gap-1.5 rounded px-2 text-xs text-muted hover:bg-hover hover:text-text"
    >
      <span
        aria-hidden
        className={live > 0 ? 'size-1.5 rounded-full bg-accent' : 'size-1.5 rounded-full border border-faint'}
      />
      <span className="figures">{live}</span> live
    </Link>
  )
}
