import { useQuery } from '@connectrpc/connect-query'
import { Link } from '@tanstack/react-router'

import { RunnerService } from '@/gen/tickreel/v1/runner_service_pb'
import { StateBadge } from '@/jobs/state-badge'
import { formatMoney } from '@/ui/format/money'
import { Sparkline } from '@/ui/sparkline'

import { modeText, symbolOf, windowText } from '../run-facts'
import { FormSection } from './form-section'

/** Recent runs; clicking one fills the form with its config and options. */
export function RecentRuns() {
  const { data } = useQuery(RunnerService.method.listRuns, { pageSize: 6, filter: 'verified_run_id = ""' })
  if (data === undefined || data.runs.length === 0) return null
  return (
    <FormSection title="Recent runs">
      <ul aria-label="Recent runs" className="flex flex-col rounded border border-line">
        {data.runs.map((run) => (
          <li key={run.runId} className="border-b border-line last:border-b-0">
            <Link
              to="/"
              search={{ from: run.runId }}
              className="grid gap-x-4 px-3 py-2 -outline-offset-2 hover:bg-hover sm:grid-cols-[minmax(0,1fr)_112px_auto]"
            >
              <span className="text-sm">
                {symbolOf(run)} <span className="text-muted">{modeText(run)}</span>
              </span>
              <span className="row-span-2 self-center max-sm:hidden">
                {run.figures && <Sparkline label={`PnL of ${run.runId}`} points={run.figures.pnlSketch} />}
              </span>
              <span className="figures text-xs text-muted sm:text-right">{windowText(run)}</span>
              <span className="figures truncate text-xs text-faint">{run.runId}</span>
              <span className="text-xs sm:text-right">
                {run.figures ? (
                  <span className="figures">
                    {`${formatMoney(run.figures.pnl, run.figures.currency, { signed: true })} ${run.figures.currency}`}
                  </span>
                ) : (
                  <StateBadge job={run} />
                )}
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </FormSection>
  )
}
