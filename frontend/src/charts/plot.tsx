import 'uplot/dist/uPlot.min.css'

import { useEffect, useEffectEvent, useRef } from 'react'
import uPlot from 'uplot'

import { useTheme } from '@/ui/theme'

import { color, FONT } from './palette'
import type { Span } from './span'
import { timeTicks } from './time-axis'
import { valueTicks } from './value-axis'
import type { Viewport } from './viewport'

/** Width of the value axis, the same in all panels so that their time axes line up. */
export const GUTTER = 88

/** Approximate width of a time axis label in pixels. */
export const LABEL_WIDTH = 96

interface PlotProps {
  viewport: Viewport
  /** Times and one column per line, in uPlot's layout. */
  data: uPlot.AlignedData
  lines: uPlot.Series[]
  /** Lowest and highest value in a span; undefined if there is none. */
  extent: (span: Span) => readonly [number, number] | undefined
  /** Format a value with the decimals that the axis needs. */
  format: (value: number, decimals: number) => string
  /** Drawn below the lines, clipped to the plot. */
  under?: (plot: uPlot) => void
  /** Drawn above the lines, clipped to the plot. */
  over?: (plot: uPlot) => void
}

/** Line chart on a canvas over the replay clock; it redraws itself when its viewport changes. */
export function Plot(props: PlotProps) {
  const { viewport, data } = props
  const [theme] = useTheme()
  const host = useRef<HTMLDivElement>(null)
  const chart = useRef<uPlot>(null)
  const extent = useEffectEvent(props.extent)
  const format = useEffectEvent(props.format)
  const paint = useEffectEvent((plot: uPlot, layer: 'under' | 'over') => {
    const draw = props[layer]
    if (!draw) return
    const { ctx, bbox } = plot
    ctx.save()
    ctx.beginPath()
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
    ctx.clip()
    draw(plot)
    ctx.restore()
  })
  const create = useEffectEvent((element: HTMLElement) => {
    const options: uPlot.Options = {
      ...size(element),
      padding: [6, 0, 6, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: { time: false, range: () => [viewport.span.from, viewport.span.to] },
        y: { range: () => roomy(extent(viewport.span)) },
      },
      axes: [
        {
          size: 0,
          splits: (plot) => timeTicks(viewport.span, viewport.base, plot.width / LABEL_WIDTH).map(({ at }) => at),
          values: (_plot, splits) => splits.map(() => ''),
          grid: { stroke: () => color('line'), width: 1 },
          ticks: { show: false },
        },
        {
          // 1 is the right side; uPlot exports its enum only as a type.
          // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment
          side: 1,
          size: GUTTER,
          space: (plot) => labelSpace(plot.height),
          gap: 8,
          font: FONT,
          stroke: () => color('faint'),
          splits: (_plot, _axis, low, high, step) => valueTicks(low, high, step),
          values: (_plot, splits, _axis, _space, step) => {
            const [first, second] = splits
            const decimals = decimalsOf(first === undefined || second === undefined ? step : second - first)
            return splits.map((value) => format(value, decimals))
          },
          grid: { stroke: () => color('line'), width: 1 },
          ticks: { show: false },
        },
      ],
      series: [{}, ...props.lines],
      hooks: {
        drawAxes: [
          (plot) => {
            paint(plot, 'under')
          },
        ],
        draw: [
          (plot) => {
            paint(plot, 'over')
          },
        ],
      },
    }
    return new uPlot(options, data, element)
  })

  useEffect(() => {
    const element = host.current
    if (!element) return
    const plot = create(element)
    chart.current = plot
    let shown = viewport.span
    const unsubscribe = viewport.subscribe(() => {
      if (viewport.span === shown) return
      shown = viewport.span
      plot.setScale('x', { min: shown.from, max: shown.to })
    })
    const observer = new ResizeObserver(() => {
      plot.setSize(size(element))
    })
    observer.observe(element)
    return () => {
      unsubscribe()
      observer.disconnect()
      plot.destroy()
    }
  }, [viewport])

  useEffect(() => {
    chart.current?.setData(data)
  }, [data])

  useEffect(() => {
    chart.current?.redraw(false)
  }, [theme, props.under, props.over])

  return <div ref={host} className="size-full overflow-hidden" aria-hidden />
}

/** Size of the host, at least one pixel: uPlot fails on an empty one. */
function size(element: HTMLElement): { width: number; height: number } {
  return { width: Math.max(element.clientWidth, GUTTER + 1), height: Math.max(element.clientHeight, 24) }
}

/** Least distance between two labels in pixels; smaller in a low plot, so that it still has two. */
function labelSpace(height: number): number {
  return Math.min(26, Math.max(height / 3, 13))
}

function decimalsOf(step: number): number {
  const exact = (decimals: number) => {
    const scaled = step * 10 ** decimals
    return Math.round(scaled) > 0 && Math.abs(scaled - Math.round(scaled)) < 1e-6
  }
  return [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].find(exact) ?? 12
}

/** The extent with a margin of a twelfth above and below. */
function roomy(extent: readonly [number, number] | undefined): [number, number] {
  if (!extent) return [0, 1]
  const [low, high] = extent
  const room = (high - low) / 12 || Math.abs(high) / 10_000 || 1
  return [low - room, high + room]
}
