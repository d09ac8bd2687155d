import { useMutation } from '@connectrpc/connect-query'
import { Ban, Info } from 'lucide-react'

import type { Conversion, ConvertedFile } from '@/gen/tickreel/v1/conversion_pb'
import { ConverterService, type WatchConversionResponse } from '@/gen/tickreel/v1/converter_service_pb'
import { JobState } from '@/gen/tickreel/v1/job_pb'
import { DataType } from '@/gen/tickreel/v1/market_data_pb'
import { hasEnded, secondsTaken, shareDone } from '@/jobs/job'
import { StateBadge } from '@/jobs/state-badge'
import { ADVICE } from '@/rpc/advice'
import { RpcError } from '@/rpc/rpc-error'
import { useClient } from '@/rpc/use-client'
import { useStream } from '@/rpc/use-stream'
import { Badge } from '@/ui/badge'
import { Button } from '@/ui/button'
import { DataTable } from '@/ui/data-table'
import { ErrorState } from '@/ui/error-state'
import { countOf, formatCount, formatRate } from '@/ui/format/count'
import { formatAge, formatDuration } from '@/ui/format/duration'
import { formatWindow, instantOf } from '@/ui/format/instant'
import { PathText } from '@/ui/path-text'
import { ProgressBar } from '@/ui/progress-bar'
import { SkeletonRows } from '@/ui/skeleton'
import type { Column } from '@/ui/table-column'
import { showToast } from '@/ui/toasts'
import { TwoLines } from '@/ui/two-lines'
import { useNow } from '@/ui/use-now'

const COLUMNS: readonly Column<ConvertedFile>[] = [
  {
    id: 'source',
    header: 'Raw file',
    width: 320,
    grow: true,
    cell: ({ source }) => <PathText path={source} />,
  },
  {
    id: 'type',
    header: 'Data',
    width: 80,
    cell: ({ dataType }) => <span className="text-muted">{dataType === DataType.TRADES ? 'trades' : 'books'}</span>,
  },
  {
    id: 'span',
    header: 'Interval (UTC)',
    width: 300,
    priority: 1,
    cell: ({ span }) => (
      <span className="figures text-muted">
        {span?.start && span.end && formatWindow(instantOf(span.start), instantOf(span.end), 'ms')}
      </span>
    ),
  },
  { id: 'rows', header: 'Rows', width: 100, align: 'end', cell: ({ rows }) => formatCount(rows) },
  { id: 'state', header: 'Catalog', width: 110, cell: (file) => <FileState file={file} /> },
]

interface OneConversionProps {
  conversionId: string
}

/** One conversion: progress or outcome, and its files. */
export function OneConversion({ conversionId }: OneConversionProps) {
  const converter = useClient(ConverterService)
  const stream = useStream<WatchConversionResponse, Conversion | undefined>({
    open: (signal) => converter.watchConversion({ conversionId }, { signal }),
    initial: undefined,
    reduce: (before, { conversion }) => conversion ?? before,
    silence: 20,
  })
  const conversion = stream.state
  if (conversion === undefined) {
    return stream.error ? <ErrorState problem={stream.error} /> : <SkeletonRows rows={4} />
  }
  const findings = conversion.files.flatMap((file) => file.findings)
  return (
    <section aria-label={`Conversion ${conversionId}`} className="flex h-full flex-col">
      <header className="flex shrink-0 flex-wrap items-center gap-x-4 gap-y-2 border-b border-line px-4 py-2">
        <span className="figures text-sm">{conversionId}</span>
        <StateBadge job={conversion} />
        <Position conversion={conversion} heardAt={stream.lastMessageAt} />
        <span className="ml-auto">
          <CancelConversion conversion={conversion} />
        </span>
        {conversion.state === JobState.RUNNING && (
          <div className="basis-full">
            <ProgressBar label="converting" share={shareDone(conversion)} stale={stream.status === 'broken'} />
          </div>
        )}
      </header>
      {conversion.failure && (
        <ErrorState
          problem={{
            message: conversion.failure.message,
            reason: conversion.failure.reason,
            advice: ADVICE[conversion.failure.reason as keyof typeof ADVICE],
          }}
        />
      )}
      <div className="min-h-40 flex-1">
        <DataTable
          label={`Files of ${conversionId}`}
          columns={COLUMNS}
          phoneRow={FileLines}
          rows={conversion.files}
          rowKey={({ source }) => source}
        />
      </div>
      {findings.length > 0 && (
        <ul aria-label="Findings" className="max-h-40 shrink-0 overflow-auto border-t border-line py-1">
          {findings.map(({ code, message }) => (
            <li key={code + message} className="flex gap-2 px-4 py-0.5 text-xs">
              <Info size={13} aria-hidden className="mt-0.5 shrink-0 text-faint" />
              <span className="min-w-0 break-words">{message}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

/** Progress, rate and time left of a running conversion; the duration of a finished one. */
function Position({ conversion, heardAt }: { conversion: Conversion; heardAt: number | undefined }) {
  const now = useNow()
  const { progress, state } = conversion
  const taken = secondsTaken(conversion, now)
  return (
    <p className="figures flex flex-wrap gap-x-4 text-sm text-muted" role="status">
      {state === JobState.RUNNING && progress && (
        <>
          <span>{`${formatCount(progress.done)} of ${formatCount(progress.total)} ${progress.unit}`}</span>
          {progress.rate > 0 && <span>{formatRate(progress.rate, progress.unit)}</span>}
          {progress.eta && (
            <span>{`${formatDuration(Number(progress.eta.seconds) + progress.eta.nanos / 1e9)} left`}</span>
          )}
          {heardAt !== undefined && (
            <span className="text-faint">{`updated ${formatAge(Math.max(now - heardAt, 0) / 1_000)}`}</span>
          )}
        </>
      )}
      {hasEnded(conversion) && taken !== undefined && (
        <span className="font-sans">
          {wasCached(conversion) ? 'all files cached' : `after ${formatDuration(taken)}`}
        </span>
      )}
    </p>
  )
}

function CancelConversion({ conversion }: { conversion: Conversion }) {
  const cancel = useMutation(ConverterService.method.cancelConversion, {
    onError: (error) => {
      const { reason, message } = RpcError.from(error)
      if (reason === 'JOB_ENDED') return
      showToast({ title: 'Could not cancel the conversion', description: message, tone: 'danger' })
    },
  })
  if (hasEnded(conversion)) return null
  const cancelling = conversion.state === JobState.CANCELLING || cancel.isPending || cancel.isSuccess
  return (
    <Button
      variant="danger"
      Icon={Ban}
      busy={cancelling}
      onClick={() => {
        cancel.mutate({ conversionId: conversion.conversionId })
      }}
    >
      {cancelling ? 'Cancelling' : 'Cancel conversion'}
    </Button>
  )
}

/** Whether the catalog already had every file. */
export function wasCached({ state, figures }: Pick<Conversion, 'state' | 'figures'>): boolean {
  if (state !== JobState.SUCCEEDED || figures === undefined) return false
  return figures.files > 0n && figures.cachedFiles === figures.files
}

/** Row of a converted file on a phone. */
function FileLines(file: ConvertedFile) {
  return (
    <TwoLines
      top={file.source.split('/').at(-1)}
      topEnd={<FileState file={file} />}
      bottom={`${file.dataset} · ${file.dataType === DataType.TRADES ? 'trades' : 'books'}`}
      bottomEnd={countOf(file.rows, 'row')}
    />
  )
}

function FileState({ file: { cached, path } }: { file: ConvertedFile }) {
  if (cached) return <Badge tone="faint">cached</Badge>
  return path === '' ? <Badge tone="neutral">to convert</Badge> : <Badge tone="accent">converted</Badge>
}
