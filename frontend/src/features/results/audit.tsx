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

/** How believable the fills of a run are, by what the data showed at each, and what they cost. */
export function Audit({ result: { summary, metadata } }: { result: Result }) {
  const { fillAudit, costs, statistics, fills = 0n } = summary ?? {}
  if (!fillAudit) {
    return <EmptyState>This run was made before fills were audited: run it again to have that.</EmptyState>
  }
  if (fills === 0n) return <EmptyState>Nothing was filled, so there is nothing to believe or not.</EmptyState>
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
              {`Of ${countOf(costs.unattributedFills, 'fill')} only the fees are in here: there was no book to measure by.`}
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
  // The audit's own share is rounded to six decimals.
  const share = Number(backedVolume) / (Number(backedVolume) + Number(unbackedVolume))
  return (
    <section className="min-w-0">
      <h3 className="label flex h-7 items-center">Filled size that the data backs</h3>
      <p className="figures pb-1 text-xl">{backedShare === undefined ? '–' : formatPercent(share)}</p>
      <ShareBar
        parts={[
          { name: 'backed', count: Number(backedVolume), text: formatDecimal(backedVolume), className: 'bg-text' },
          {
            name: 'beyond the evidence',
            count: Number(unbackedVolume),
            text: formatDecimal(unbackedVolume),
            className: 'bg-warning',
          },
        ]}
      />
      <p className="text-xs text-muted">
        A fill is backed as far as its size fits into what earlier fills of the run left of the print or of the
        displayed level that it met.
        {unbackedFills > 0 && ` ${countOf(unbackedFills, 'fill')} reached beyond that, at least in part.`}
      </p>
    </section>
  )
}

function Prints({ prints, fills }: { prints: PrintAudit; fills: bigint }) {
  return (
    <FigureGroup title="Against the prints">
      <Gauge name="Our size by the size of the prints met" share={prints.participation} />
      <FigureRow name="Fills that met a print" value={counted(prints.fills, fills)} />
      <FigureRow name="Larger than their print" value={counted(prints.fillsAbovePrint, fills)} />
      <FigureRow name="Size above" value={formatDecimal(prints.volumeAbovePrint)} />
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
            part('through it', book.fillsThroughTouch, 'bg-faint'),
          ]}
        />
      }
    >
      <Gauge name="Our size by the size displayed" share={book.participation} />
      <Gauge name="Filled from liquidity already used" share={book.reusedShare} wary />
      <FigureRow name="Fills that used it again" value={counted(book.fillsReusing, fills)} />
      <FigureRow name="Where nothing was displayed" value={counted(book.fillsWithoutLevel, fills)} />
      <FigureRow
        name="Age of the book, mean and most"
        value={
          book.meanBookAgeSeconds &&
          `${seconds(book.meanBookAgeSeconds) ?? ''}, ${seconds(book.longestBookAgeSeconds) ?? ''}`
        }
      />
      <FigureRow name="On a book older than 1 s" value={counted(book.fillsOnOldBook, fills)} />
    </FigureGroup>
  )
}

interface GaugeProps {
  name: string
  /** From 0 to 1; what is above is drawn full. */
  share: string | undefined
  /** Whether the more of it, the less one should believe. */
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
