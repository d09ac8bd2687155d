import { Download, X } from 'lucide-react'
import { useState } from 'react'

import { Button, IconButton } from '@/ui/button'
import { ErrorState } from '@/ui/error-state'
import { formatBytes, formatCount } from '@/ui/format/count'
import { ProgressBar } from '@/ui/progress-bar'

import { words } from './table-filters'
import { type Transfer, useDownload } from './use-download'

const TABLES = [
  { name: 'summary', about: 'Figures and provenance of the run', fast: true },
  { name: 'orders', about: 'Every order with its outcome and reason', fast: false },
  { name: 'order_updates', about: 'Changes, triggers and cancellations of orders', fast: false },
  { name: 'fills', about: 'Every fill with the market data at its time', fast: false },
  { name: 'positions', about: 'Every position from its opening to its close', fast: false },
  { name: 'timeline', about: 'Trades, orders, updates and fills in order of time', fast: false },
  { name: 'equity', about: 'Account after every trade row and at the end', fast: false },
  { name: 'ticks', about: 'Replayed trade rows', fast: true },
] as const

const FORMS = ['parquet', 'csv', 'json'] as const

interface FilesProps {
  runId: string
  /** Whether the run kept its rows: a fast run has only its summary and ticks. */
  full: boolean
  /** Paths of the files of the run on the host of the services, by name. */
  outputs: Readonly<Record<string, string>>
}

/** Downloads of every table of a run, in each format. */
export function Files({ runId, full, outputs }: FilesProps) {
  return (
    <ul aria-label="Files">
      {TABLES.filter(({ fast }) => full || fast).map(({ name, about }) => (
        <TableFiles key={name} runId={runId} table={name} about={about} outputs={outputs} />
      ))}
    </ul>
  )
}

interface TableFilesProps {
  runId: string
  table: string
  about: string
  outputs: Readonly<Record<string, string>>
}

function TableFiles({ runId, table, about, outputs }: TableFilesProps) {
  const { transfer, error, start, stop } = useDownload(runId)
  const [requested, setRequested] = useState('')
  const download = (name: string) => {
    setRequested(name)
    void start(name)
  }
  return (
    <li className="border-b border-line px-4 py-1.5">
      <div className="flex min-h-7 flex-wrap items-center gap-x-3 gap-y-1">
        <span className="w-28 shrink-0 text-sm">{words(table)}</span>
        <span className="min-w-40 flex-1 truncate text-xs text-faint">{about}</span>
        {transfer ? (
          <Arrival transfer={transfer} onStop={stop} />
        ) : (
          <div className="flex gap-1.5">
            {FORMS.map((form) => {
              const name = `${table}.${form}`
              return (
                <Button
                  key={form}
                  Icon={Download}
                  aria-label={`Save ${name}`}
                  title={outputs[name] ?? 'Created on the first download'}
                  onClick={() => {
                    download(name)
                  }}
                >
                  {form === 'parquet' ? 'Parquet' : form.toUpperCase()}
                </Button>
              )
            })}
          </div>
        )}
      </div>
      {error && (
        <ErrorState
          problem={error}
          onRetry={() => {
            download(requested)
          }}
        />
      )}
    </li>
  )
}

function Arrival({ transfer, onStop }: { transfer: Transfer; onStop: () => void }) {
  const { name, done, total, unit, broken } = transfer
  const [shown, whole] =
    unit === 'rows'
      ? [formatCount(done), `${formatCount(total)} rows written`]
      : [formatBytes(done), formatBytes(total)]
  return (
    <>
      <span className="figures text-xs text-muted">{broken ? 'retrying' : `${name}: ${shown} of ${whole}`}</span>
      <div className="w-32">
        <ProgressBar label={`Saving ${name}`} share={total === 0 ? null : done / total} stale={broken} />
      </div>
      <IconButton Icon={X} label={`Stop saving ${name}`} onClick={onStop} />
    </>
  )
}
