import { Link } from '@tanstack/react-router'
import { CircleX, ShieldCheck } from 'lucide-react'

import { type JobFailure, JobState } from '@/gen/tickreel/v1/job_pb'
import type { ResultFigures } from '@/gen/tickreel/v1/result_pb'
import type { RunEntry } from '@/gen/tickreel/v1/run_pb'
import { Verdict } from '@/gen/tickreel/v1/verification_pb'
import { Badge } from '@/ui/badge'
import type { Column } from '@/ui/table-column'
import { formatCount } from '@/ui/format/count'
import { formatDuration } from '@/ui/format/duration'
import { formatInstant, instantOf } from '@/ui/format/instant'
import { formatMoney } from '@/ui/format/money'

import { secondsTaken, shareDone } from '@/jobs/job'
import { type ListedRun } from './listed-run'
import { instrumentName, modeText, symbolOf, windowText } from '../run-facts'
import { StateBadge } from '@/jobs/state-badge'
import { ProgressBar } from '@/ui/progress-bar'
import { Sparkline } from '@/ui/sparkline'

/** Columns of the list of runs; ids of sortable columns are those in the URL. */
export const RUN_COLUMNS: readonly Column<ListedRun>[] = [
  {
    id: 'run',
    header: 'Run',
    width: 278,
    cell: ({ run: { runId } }) => (
      <Link to="/runs/$runId" params={{ runId }} className="figures hover:text-accent hover:underline">
        {runId}
      </Link>
    ),
  },
  { id: 'state', header: 'State', width: 172, sortable: true, cell: (listed) => <State {...listed} /> },
  {
    id: 'instrument',
    header: 'Instrument',
    width: 206,
    grow: true,
    priority: 5,
    sortable: true,
    cell: ({ run: { instrument } }) => {
      const { symbol, venue } = instrumentName(instrument)
      return (
        <>
          {symbol} <span className="text-faint">{venue}</span>
        </>
      )
    },
  },
  {
    id: 'window',
    header: 'Window (UTC)',
    width: 226,
    priority: 1,
    cell: ({ run }) => <span className="figures text-muted">{windowText(run)}</span>,
  },
  {
    id: 'mode',
    header: 'Mode',
    width: 112,
    priority: 2,
    cell: ({ run }) => <span className="text-muted">{modeText(run)}</span>,
  },
  {
    id: 'orders',
    header: 'Orders',
    width: 84,
    align: 'end',
    sortable: true,
    priority: 3.8,
    cell: ({ run: { figures } }) => figures && formatCount(figures.orders),
  },
  {
    id: 'curve',
    header: 'Equity',
    width: 128,
    priority: 6.5,
    cell: ({ run }) => <Curve run={run} />,
  },
  {
    id: 'pnl',
    header: 'PnL',
    width: 148,
    priority: 8,
    align: 'end',
    sortable: true,
    cell: ({ run: { figures } }) => <Money figures={figures} value={figures?.pnl} signed />,
  },
  {
    id: 'drawdown',
    header: 'Max drawdown',
    width: 148,
    priority: 7,
    align: 'end',
    sortable: true,
    cell: ({ run: { figures } }) => <Money figures={figures} value={figures?.maxDrawdown} />,
  },
  {
    id: 'tags',
    header: 'Tags',
    width: 130,
    priority: 3.5,
    cell: ({ tags, notes }) => (
      <span className="text-muted" title={notes || undefined}>
        {tags.join(' ')}
      </span>
    ),
  },
  {
    id: 'created',
    header: 'Created (UTC)',
    width: 132,
    priority: 4,
    sortable: true,
    cell: ({ run: { createdAt } }) => (
      <span className="figures text-muted">{createdAt && formatInstant(instantOf(createdAt), 'min')}</span>
    ),
  },
  {
    id: 'took',
    header: 'Duration',
    width: 108,
    priority: 2.5,
    align: 'end',
    sortable: true,
    cell: ({ run }) => run.endedAt && <span className="text-muted">{formatDuration(secondsTaken(run, 0) ?? 0)}</span>,
  },
]

function State({ run, withoutResult }: ListedRun) {
  return (
    <span className="flex gap-2" title={run.failure?.message}>
      <StateBadge job={run} />
      {withoutResult && (
        <span className="text-faint" title="The result was deleted or cannot be read. Open the run for details.">
          no result
        </span>
      )}
    </span>
  )
}

/** Equity curve of a run, or its progress, or its failure. */
function Curve({ run }: { run: RunEntry }) {
  const { runId, figures, failure, state } = run
  if (figures) return <Sparkline label={`PnL of ${runId}`} points={figures.pnlSketch} />
  if (state === JobState.RUNNING) return <ProgressBar label={`Progress of ${runId}`} share={shareDone(run)} />
  return <Reason failure={failure} />
}

/** Failure reason, in place of the curve. */
function Reason({ failure }: { failure: JobFailure | undefined }) {
  return (
    <span className="figures text-2xs text-faint" title={failure?.message}>
      {failure?.reason}
    </span>
  )
}

/** Columns of the list of verifications: the verified run and the verdict. */
export const VERIFICATION_COLUMNS: readonly Column<ListedRun>[] = [
  ...RUN_COLUMNS.filter(({ id }) => id === 'run' || id === 'state'),
  {
    id: 'verifies',
    header: 'Verifies',
    width: 290,
    grow: true,
    cell: ({ run: { verifiedRunId } }) => (
      <Link to="/runs/$runId" params={{ runId: verifiedRunId }} className="figures hover:text-accent hover:underline">
        {verifiedRunId}
      </Link>
    ),
  },
  { id: 'verdict', header: 'Verdict', width: 120, cell: ({ run }) => <VerdictBadge run={run} /> },
  ...RUN_COLUMNS.filter(({ id }) => id === 'instrument' || id === 'created' || id === 'took').map((column) => ({
    ...column,
    ...(column.id === 'instrument' && { width: 210, grow: false }),
  })),
]

/** Verdict of a verification. */
function VerdictBadge({ run: { verdict } }: { run: RunEntry }) {
  if (verdict === Verdict.UNSPECIFIED) return null
  return verdict === Verdict.EQUAL ? (
    <Badge tone="accent" Icon={ShieldCheck}>
      equal
    </Badge>
  ) : (
    <Badge tone="danger" Icon={CircleX}>
      different
    </Badge>
  )
}

/** Row of a run on a phone: id and state, then time and outcome. */
export function RunLines({ run }: ListedRun) {
  const { runId, figures, createdAt } = run
  return (
    <>
      <p className="flex items-center gap-2 text-xs">
        <Link to="/runs/$runId" params={{ runId }} className="figures min-w-0 truncate hover:text-accent">
          {runId}
        </Link>
        <span className="ml-auto shrink-0">
          <StateBadge job={run} />
        </span>
      </p>
      <p className="figures flex items-center gap-3 text-xs text-muted">
        <span className="truncate">
          {run.verifiedRunId === ''
            ? `${symbolOf(run)} · ${figures ? '' : `${modeText(run)} · `}${createdAt ? formatInstant(instantOf(createdAt), 'min').slice(5) : ''}`
            : `of ${run.verifiedRunId}`}
        </span>
        <span className="ml-auto flex shrink-0 items-center gap-2 text-text">
          {figures && (
            <>
              <span className="w-14">
                <Sparkline label={`PnL of ${runId}`} points={figures.pnlSketch} />
              </span>
              <Money figures={figures} value={figures.pnl} signed />
            </>
          )}
          <VerdictBadge run={run} />
          <Reason failure={run.failure} />
        </span>
      </p>
    </>
  )
}

interface MoneyProps {
  figures: ResultFigures | undefined
  /** Amount in the currency of the figures; undefined without a result. */
  value: string | undefined
  signed?: boolean
}

/** An amount with its currency, which can differ between runs. */
function Money({ figures, value, signed = false }: MoneyProps) {
  if (value === undefined) return null
  const currency = figures?.currency ?? ''
  return (
    <>
      {formatMoney(value, currency, { signed })} <span className="text-faint">{currency}</span>
    </>
  )
}
