import { Download, X } from 'lucide-react'
import { useState } from 'react'

import { Button, IconButton } from '@/ui/button'
import { ErrorState } from '@/ui/error-state'
import { formatBytes, formatCount } from '@/ui/format/count'
import { ProgressBar } from '@/ui/progress-bar'

import { type Transfer, useDownload } from './use-download'

const TABLES = [
  { name: 'summary', about: 'The figures and what they were made from', fast: true },
  { name: 'orders', about: 'Each order, what became of it and why', fast: false },
  { name: 'fills', about: 'Each fill, with what the market showed at it', fast: false },
  { name: 'timeline', about: 'Trades, orders and fills in the order they happened', fast: false },
  { name: 'equity', about: 'The account at every trade row and at the end', fast: false },
  { name: 'ticks', about: 'The trade rows that were replayed', fast: true },
] as const

const FORMS = ['parquet', 'csv', 'json'] as const

interface FilesProps {
  runId: string
  /** Whether the run kept its rows: a fast one has its summary and ticks alone. */
  full: boolean
  /** The files that the run left, by name: where they lie on the machine of the services. */
  outputs: Readonly<Record<string, string>>
}

/** Every table of a run, to be saved in the form that one wants. */
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
  const [asked, setAsked] = useState('')
  const begin = (name: string) => {
    setAsked(name)
    void start(name)
  }
  return (
    <li className="border-b border-line px-4 py-1.5">
      <div className="flex min-h-7 flex-wrap items-center gap-x-3 gap-y-1">
        <span className="w-20 shrink-0 text-sm">{table}</span>
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
                  title={outputs[name] ?? 'Made when it is asked for the first time'}
                  onClick={() => {
                    begin(name)
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
            begin(asked)
          }}
        />
      )}
    </li>
  )
}

function Arrival({ transfer, onStop }: { transfer: Transfer; onStop: () => void }) {
  const { name, done, total, unit, broken } = transfer
  const [shown, whole] =
    unit === 'rows' ? [formatCount(done), `${formatCount(total)} rows made`] : [formatBytes(done), formatBytes(total)]
  return (
    <>
      <span className="figures text-xs text-muted">{broken ? 'trying again' : `${name}: ${shown} of ${whole}`}</span>
      <div className="w-32">
        <ProgressBar label={`Saving ${name}`} share={total === 0 ? null : done / total} stale={broken} />
      </div>
      <IconButton Icon={X} label={`Stop saving ${name}`} onClick={onStop} />
    </>
  )
}
