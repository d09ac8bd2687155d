import { type PointerEvent, useEffect, useRef } from 'react'

import { formatInstant } from '@/ui/format/instant'
import { useTheme } from '@/ui/theme'

import type { TradeSeries } from './columns'
import { color } from './palette'
import { GUTTER } from './plot'
import { length, type Span } from './span'
import { useViewport, type Viewport } from './viewport'

interface OverviewProps {
  viewport: Viewport
  /** Prices of the whole run. */
  trades: TradeSeries
}

/** Strip with the whole run: drag to choose the window, drag the window to move it. */
export function Overview({ viewport, trades }: OverviewProps) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const grip = useRef<{ at: number; moving: Span | undefined }>(null)
  const [theme] = useTheme()
  const span = useViewport(viewport, ({ span }) => span)
  const bounds = useViewport(viewport, ({ bounds }) => bounds)
  useEffect(() => {
    const element = canvas.current
    if (!element) return
    const draw = () => {
      drawLine(element, trades, bounds)
    }
    const observer = new ResizeObserver(draw)
    observer.observe(element)
    return () => {
      observer.disconnect()
    }
  }, [trades, bounds, theme])

  const instantAt = (event: PointerEvent<HTMLElement>) => {
    const { left, width } = event.currentTarget.getBoundingClientRect()
    return bounds.from + Math.min(Math.max((event.clientX - left) / width, 0), 1) * length(bounds)
  }
  const percent = (at: number) => ((at - bounds.from) / length(bounds)) * 100
  const step = length(span) / 8
  return (
    <div
      role="slider"
      aria-label="Window"
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(percent(span.from))}
      aria-valuetext={`${formatInstant(viewport.instant(span.from), 'ns')} to ${formatInstant(viewport.instant(span.to), 'ns')} UTC`}
      tabIndex={0}
      className="relative h-9 shrink-0 cursor-crosshair touch-none bg-surface"
      style={{ marginRight: GUTTER }}
      onKeyDown={(event) => {
        const by = { ArrowLeft: -step, ArrowRight: step }[event.key]
        if (by === undefined) return
        event.preventDefault()
        viewport.pan(by)
      }}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId)
        const at = instantAt(event)
        const inside = at >= span.from && at <= span.to && length(span) < length(bounds)
        grip.current = { at, moving: inside ? span : undefined }
      }}
      onPointerMove={(event) => {
        if (!grip.current) return
        const { at, moving } = grip.current
        const now = instantAt(event)
        if (moving) viewport.show({ from: moving.from + now - at, to: moving.to + now - at })
        else if (now !== at) viewport.show({ from: Math.min(at, now), to: Math.max(at, now) })
      }}
      onPointerUp={() => {
        grip.current = null
      }}
      onDoubleClick={() => {
        viewport.fit()
      }}
    >
      <canvas ref={canvas} className="absolute inset-0 size-full" aria-hidden />
      <div className="absolute inset-y-0 left-0 bg-ground/70" style={{ width: `${percent(span.from)}%` }} />
      <div className="absolute inset-y-0 right-0 bg-ground/70" style={{ left: `${percent(span.to)}%` }} />
      <div
        className="absolute inset-y-0 min-w-0.5 border-x border-accent"
        style={{ left: `${percent(span.from)}%`, width: `${percent(span.to) - percent(span.from)}%` }}
      />
    </div>
  )
}

function drawLine(canvas: HTMLCanvasElement, { ts, price }: TradeSeries, bounds: Span): void {
  const ctx = canvas.getContext('2d')
  if (!ctx || ts.length === 0) return
  canvas.width = canvas.clientWidth * devicePixelRatio
  canvas.height = canvas.clientHeight * devicePixelRatio
  const low = price.reduce((a, b) => Math.min(a, b))
  const high = price.reduce((a, b) => Math.max(a, b))
  const room = canvas.height * 0.12
  ctx.beginPath()
  ts.forEach((at, i) => {
    const x = ((at - bounds.from) / length(bounds)) * canvas.width
    const y = room + (1 - ((price[i] ?? low) - low) / (high - low || 1)) * (canvas.height - 2 * room)
    ctx.lineTo(x, y)
  })
  ctx.strokeStyle = color('faint')
  ctx.lineWidth = devicePixelRatio
  ctx.stroke()
}
