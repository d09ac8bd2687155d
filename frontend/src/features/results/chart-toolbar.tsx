import { HardDriveDownload, Maximize2, TrendingDown, ZoomIn, ZoomOut } from 'lucide-react'

import { useViewport, type Viewport } from '@/charts/viewport'
import type { Result } from '@/gen/tickreel/v1/result_pb'
import { Button, IconButton } from '@/ui/button'
import { formatCompact } from '@/ui/format/count'
import { formatInstant, formatWindow, parseInstant } from '@/ui/format/instant'
import { formatMoney } from '@/ui/format/money'

import { focusOf } from './report-viewport'
import type { Tape } from './tape/use-tape'

interface ChartToolbarProps {
  viewport: Viewport
  result: Result
  tape: Tape
}

/** The visible window, and buttons to zoom and to jump to the worst drawdown. */
export function ChartToolbar({ viewport, result, tape }: ChartToolbarProps) {
  const span = useViewport(viewport, ({ span }) => span)
  const { maxDrawdown = '', maxDrawdownAt = '' } = result.summary ?? {}
  const worst = parseInstant(maxDrawdownAt)
  return (
    <div className="@container flex h-9 shrink-0 items-center gap-1 overflow-hidden border-b border-line pr-2 pl-3">
      <span className="figures min-w-0 flex-1 truncate text-xs text-muted @max-[420px]:invisible">
        {`${formatWindow(viewport.instant(span.from), viewport.instant(span.to), 'ms')} UTC`}
      </span>
      <TapeStatus tape={tape} />
      {worst !== undefined && (
        <Button
          variant="quiet"
          Icon={TrendingDown}
          onClick={() => {
            viewport.visit(viewport.offset(worst))
          }}
        >
          Worst drawdown
          <span className="figures text-xs text-faint @max-3xl:hidden">
            {formatMoney(maxDrawdown, result.metadata?.currency ?? '')}
            <span className="@max-[1000px]:hidden">{` at ${formatInstant(worst, 'ms').slice(5)}`}</span>
          </span>
        </Button>
      )}
      <IconButton
        Icon={ZoomIn}
        label="Zoom in"
        onClick={() => {
          viewport.zoom(focusOf(viewport), 0.5)
        }}
      />
      <IconButton
        Icon={ZoomOut}
        label="Zoom out"
        onClick={() => {
          viewport.zoom(focusOf(viewport), 2)
        }}
      />
      <IconButton
        Icon={Maximize2}
        label="Show all"
        onClick={() => {
          viewport.fit()
        }}
      />
    </div>
  )
}

/** Loading state of the ticks, or the button that loads them all. */
function TapeStatus({ tape: { progress, load } }: { tape: Tape }) {
  if (progress === undefined || progress.failure !== undefined) {
    const label = progress?.failure === undefined ? 'Load all ticks' : `Load all ticks again: ${progress.failure}`
    return <IconButton Icon={HardDriveDownload} label={label} onClick={load} />
  }
  return (
    <span role="status" className="figures px-2 text-2xs whitespace-nowrap text-faint @max-2xl:hidden">
      {progress.done
        ? `all ticks loaded · ${formatCompact(progress.total)}`
        : `${formatCompact(progress.rows)} of ${formatCompact(progress.total)} ticks`}
    </span>
  )
}
