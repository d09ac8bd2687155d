import type { BookAudit, FillAudit, PrintAudit } from '@/gen/tickreel/v1/fill_audit_pb'
import type { Result } from '@/gen/tickreel/v1/result_pb'
import { EmptyState } from '@/ui/empty-state'
import { countOf, formatCount, formatShare } from '@/ui/format/count'
import { formatDecimal } from '@/ui/format/decimal'
import { formatDuration } from '@/ui/format/duration'
import { formatPercent } from '@/ui/format/figure'

import { CostBars } from './cost-bars'
import { FigureColumns, FigureGroup, FigureRow } from './figure-list'
import { ShareBar } from './share-bar'

/** Audit of the fills: how far the market data backs them, and what they cost. */
export function Audit({ result: { summary, metadata } }: { result: Result }) {
  const { fillAudit, costs, statistics, fills = 0n } = summary ?? {}
  if (!fillAudit) {
    return <EmptyState>This result has no fill audit. Run it again to get one.</EmptyState>
  }
  if (fills === 0n) return <EmptyState>No fills to audit.</EmptyState>
  return (
    <FigureColumns>
      <div className="flex flex-col gap-y-3">
        <Evidence audit={fillAudit} />
        {fillAudit.prints && <Prints prints={fillAudit.prints} fills={fills} />}
      </div>
      {costs && (
        <section className="min-w-0">
          <CostBars costs={costs} turnover={Number(statistics?.turnover ?? 0)} currency={metadata?.currency ?? ''} />
          {costs.unattributedFills > 0 && (
            <p className="pt-1 text-xs text-muted">
              {`Without a book to compare with, only fees are counted for ${countOf(costs.unattributedFills, 'fill')}.`}
            </p>
          )}
        </section>
      )}
      {fillAudit.book && <Book book={fillAudit.book} fills={fills} />}
    </FigureColumns>
  )
}

function Evidence({ audit }: { audit: FillAudit }) {
  const { backedShare, backedVolume, unbackedVolume, unbackedFills } = audit
  // The share in the audit is rounded to six decimals.
  const share = Number(backedVolume) / (Number(backedVolume) + Number(unbackedVolume))
  return (
    <section className="min-w-0">
      <h3 className="label flex h-7 items-center">Filled size backed by the data</h3>
      <p className="figures pb-1 text-xl">{backedShare === undefined ? '–' : formatPercent(share)}</p>
      <ShareBar
        parts={[
          { name: 'backed', count: Number(backedVolume), text: formatDecimal(backedVolume), className: 'bg-text' },
          {
            name: 'not backed',
            count: Number(unbackedVolume),
            text: formatDecimal(unbackedVolume),
            className: 'bg-warning',
          },
        ]}
      />
      <p className="text-xs text-muted">
        A fill is backed up to the size that earlier fills of the run left of its print or of its displayed level.
        {unbackedFills > 0 && ` ${countOf(unbackedFills, 'fill')} exceeded it, at least in part.`}
      </p>
    </section>
  )
}

function Prints({ prints, fills }: { prints: PrintAudit; fills: bigint }) {
  return (
    <FigureGroup title="Against the prints">
      <Gauge name="Participation in prints" share={prints.participation} />
      <FigureRow name="Fills matched to a print" value={counted(prints.fills, fills)} />
      <FigureRow name="Fills larger than their print" value={counted(prints.fillsAbovePrint, fills)} />
      <FigureRow name="Size above the prints" value={formatDecimal(prints.volumeAbovePrint)} />
    </FigureGroup>
  )
}

function Book({ book, fills }: { book: BookAudit; fills: bigint }) {
  const seconds = (text: string | undefined) => text && formatDuration(Number(text))
  const part = (name: string, count: bigint, className: string) => ({
    name,
    count: Number(count),
    text: formatCount(count),
    className,
  })
  return (
    <FigureGroup
      title="Against the displayed book"
      drawing={
        <ShareBar
          parts={[
            part('inside the touch', book.fillsInsideTouch, 'bg-accent'),
            part('at the touch', book.fillsAtTouch, 'bg-text'),
            part('through the touch', book.fillsThroughTouch, 'bg-faint'),
          ]}
        />
      }
    >
      <Gauge name="Participation in displayed size" share={book.participation} />
      <Gauge name="Size filled from reused liquidity" share={book.reusedShare} wary />
      <FigureRow name="Fills on reused liquidity" value={counted(book.fillsReusing, fills)} />
      <FigureRow name="Fills with nothing displayed" value={counted(book.fillsWithoutLevel, fills)} />
      <FigureRow
        name="Book age, mean and max"
        value={
          book.meanBookAgeSeconds &&
          `${seconds(book.meanBookAgeSeconds) ?? ''}, ${seconds(book.longestBookAgeSeconds) ?? ''}`
        }
      />
      <FigureRow name="Fills on a book older than 1 s" value={counted(book.fillsOnOldBook, fills)} />
    </FigureGroup>
  )
}

interface GaugeProps {
  name: string
  /** From 0 to 1; larger values are drawn as a full bar. */
  share: string | undefined
  /** Whether higher values make the result less credible. */
  wary?: boolean
}

/** A share with a bar below it. */
function Gauge({ name, share, wary = false }: GaugeProps) {
  const width = Math.min(Number(share ?? 0), 1) * 100
  return (
    <div className="relative flex min-h-9 items-center gap-3 border-t border-line pb-2">
      <dt className="text-xs text-muted">{name}</dt>
      <dd className="figures ml-auto text-sm">
        {share === undefined ? '–' : formatPercent(Number(share))}
        <span aria-hidden className="absolute inset-x-0 bottom-1 h-1 overflow-hidden rounded-sm bg-line">
          <span className={`block h-full ${wary ? 'bg-warning' : 'bg-text'}`} style={{ width: `${width}%` }} />
        </span>
      </dd>
    </div>
  )
}

function counted(count: bigint, of: bigint): string {
  return `${formatCount(count)} · ${formatShare(count, of)}`
}
