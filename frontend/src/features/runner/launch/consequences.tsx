import type { ConvertedFile } from '@/gen/tickreel/v1/conversion_pb'
import { DataType } from '@/gen/tickreel/v1/market_data_pb'
import { SnapshotMode } from '@/gen/tickreel/v1/result_pb'
import type { Run } from '@/gen/tickreel/v1/run_pb'
import type { RunPreview } from '@/gen/tickreel/v1/runner_service_pb'
import { classNames } from '@/ui/class-names'
import { countOf, formatCount } from '@/ui/format/count'
import { formatDuration } from '@/ui/format/duration'
import { instantOf, isoInstant } from '@/ui/format/instant'
import { Skeleton, SkeletonRows } from '@/ui/skeleton'

import { FindingList } from '../live/finding-list'

interface ConsequencesProps {
  run: Run
  preview: RunPreview
  /** Whether the preview belongs to the previous request, while the current one is being checked. */
  stale: boolean
}

/** Preview of a run by the Runner: the rows that it would read, orders, files and findings. */
export function Consequences({ run, preview, stale }: ConsequencesProps) {
  const { files, tradeRows, bookRows, rowsEstimated, findings } = preview
  const about = rowsEstimated ? '≈ ' : ''
  const missing = files.filter(({ cached }) => !cached)
  const days = new Set(files.map(({ dataset }) => dataset)).size
  const { start, end } = run.config?.timeWindow ?? {}
  const length = start && end && Number(instantOf(end) - instantOf(start)) / 1e9
  const figures: [string, string, string][] = [
    ['Trade rows', `${about}${formatCount(tradeRows)}`, ''],
    ['Book rows', `${about}${formatCount(bookRows)}`, ''],
    ['Orders', ordersOf(run, tradeRows, about), ''],
    ['Window', length === undefined ? '' : formatDuration(length), ''],
    ['Day folders', formatCount(days), ''],
    [
      'To convert',
      missing.length === 0 ? 'nothing' : countOf(missing.length, 'file'),
      missing.length === 0 ? '' : 'first',
    ],
  ]
  return (
    <div aria-busy={stale} className={classNames('transition-opacity duration-100', stale && 'opacity-60')}>
      <section aria-label="Replay preview" className="border-b border-line px-4 py-3">
        <h2 className="pb-2 text-xs font-medium text-faint">Replay preview</h2>
        <dl className="grid grid-cols-3 gap-x-4 gap-y-3">
          {figures.map(([name, value, note]) => (
            <div key={name} className="min-w-0">
              <dt className="text-2xs text-faint">{name}</dt>
              <dd className="figures truncate text-base">
                {value} {note !== '' && <span className="font-sans text-xs text-muted">{note}</span>}
              </dd>
            </div>
          ))}
        </dl>
        {start && end && (
          <p className="figures pt-2 text-xs text-muted">
            {isoInstant(instantOf(start))} → {isoInstant(instantOf(end))}
          </p>
        )}
      </section>
      <Files files={files} />
      {findings.length > 0 && (
        <section aria-label="Findings" className="pt-3">
          <h2 className="px-4 text-xs font-medium text-faint">Findings</h2>
          <FindingList findings={findings} />
        </section>
      )}
    </div>
  )
}

/** Placeholder for the preview, with the height of one with a few files. */
export function ConsequencesSkeleton() {
  return (
    <div role="status" aria-label="Checking" className="border-b border-line px-4 py-3">
      <div className="grid grid-cols-3 gap-x-4 gap-y-6 pt-6 pb-10">
        {[72, 60, 96, 80, 16, 56].map((width) => (
          <Skeleton key={width} width={width} height={14} />
        ))}
      </div>
      <SkeletonRows rows={4} />
    </div>
  )
}

function Files({ files }: { files: readonly ConvertedFile[] }) {
  return (
    <section aria-label="Input files" className="border-b border-line px-4 py-3">
      <h2 className="pb-1 text-xs font-medium text-faint">Input files</h2>
      <div className="max-h-56 overflow-auto">
        <table className="w-full text-xs">
          <thead className="text-left text-2xs text-faint">
            <tr>
              <th className="py-0.5 font-normal">Day folder</th>
              <th className="font-normal">Data</th>
              <th className="text-right font-normal">Rows in file</th>
              <th className="pl-4 font-normal">Catalog</th>
            </tr>
          </thead>
          <tbody className="figures text-muted">
            {files.map(({ source, dataset, dataType, rows, cached }) => (
              <tr key={source} title={source} className="border-t border-line">
                <td className="py-0.5">{dataset || source}</td>
                <td>{dataType === DataType.TRADES ? 'trades' : 'books'}</td>
                <td className="text-right text-text">{formatCount(rows)}</td>
                <td className={classNames('pl-4', !cached && 'text-warning')}>{cached ? 'cached' : 'to convert'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}

/** All submission modes submit orders for trade rows only. A strategy without modes may submit any orders. */
function ordersOf({ config, options }: Run, tradeRows: bigint, about: string): string {
  if (config?.strategy?.submissionMode === undefined) return 'as it decides'
  if (options?.snapshotMode === SnapshotMode.BOOK) return 'none'
  return `up to ${about}${formatCount(tradeRows)}`
}
