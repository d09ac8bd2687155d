import { useMemo } from 'react'
import uPlot from 'uplot'

import { formatAmount } from '@/ui/format/money'
import { formatNumber } from '@/ui/format/number'

import { type EquitySeries, indexAt } from './columns'
import { columnExtent } from './extent'
import { color } from './palette'
import { Panel } from './panel'
import { Plot } from './plot'
import { useViewport, type Viewport } from './viewport'

interface EquityPanelsProps {
  viewport: Viewport
  series: EquitySeries
  currency: string
  /** Equity at the start of the run, drawn as a reference line. */
  startingEquity: number
  /** Whether these panels are hidden first when the stack is too low. */
  yields?: boolean
}

const steps = uPlot.paths.stepped?.({ align: 1 })

/** Equity of the account, with its drawdown below. */
export function EquityPanels({ viewport, series, currency, startingEquity, yields = false }: EquityPanelsProps) {
  const equity = useMemo(() => [series.ts, series.equity] as uPlot.AlignedData, [series])
  const drawdown = useMemo(() => [series.ts, series.drawdown.map((value) => -value)] as uPlot.AlignedData, [series])
  const at = useViewport(viewport, ({ crosshair, span }) => indexAt(series.ts, crosshair ?? span.to))
  const start = useMemo(
    () => (plot: uPlot) => {
      drawLevel(plot, startingEquity)
    },
    [startingEquity],
  )
  const value = (column: Float64Array) => (at < 0 ? '–' : formatAmount(column[at] ?? NaN, currency))
  return (
    <>
      <Panel
        title="Equity"
        grow={5}
        hiddenBelow={yields ? 210 : undefined}
        readout={
          <>
            <span className="text-text">{`${value(series.equity)} ${currency}`}</span>
            <span>{`position ${at < 0 ? '–' : formatNumber(series.position[at] ?? NaN)}`}</span>
          </>
        }
      >
        <Plot
          viewport={viewport}
          data={equity}
          lines={[{ stroke: () => color('text'), width: 1, paths: steps, points: { show: false } }]}
          extent={(span) => columnExtent(series.ts, series.equity, span)}
          format={formatNumber}
          under={start}
        />
      </Panel>
      <Panel
        title="Drawdown"
        grow={4}
        hiddenBelow={yields ? 290 : undefined}
        readout={<span>{`${value(series.drawdown)} ${currency}`}</span>}
      >
        <Plot
          viewport={viewport}
          data={drawdown}
          lines={[
            {
              stroke: () => color('muted'),
              fill: () => `color-mix(in srgb, ${color('muted')} 22%, transparent)`,
              fillTo: 0,
              width: 1,
              paths: steps,
              points: { show: false },
            },
          ]}
          extent={(span) => includePeak(columnExtent(series.ts, drawdown[1] as Float64Array, span))}
          format={formatNumber}
        />
      </Panel>
    </>
  )
}

/** Include the peak (zero) in the range unless the drawdown is so deep that its changes would be invisible. */
function includePeak(extent: [number, number] | undefined): [number, number] | undefined {
  if (!extent) return undefined
  const [low, high] = extent
  return high - low > -low / 8 ? [low, 0] : extent
}

function drawLevel(plot: uPlot, level: number): void {
  const { ctx, bbox } = plot
  const y = Math.round(plot.valToPos(level, 'y', true)) + 0.5
  ctx.strokeStyle = color('line-strong')
  ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio])
  ctx.beginPath()
  ctx.moveTo(bbox.left, y)
  ctx.lineTo(bbox.left + bbox.width, y)
  ctx.stroke()
}
