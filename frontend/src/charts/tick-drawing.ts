import type uPlot from 'uplot'

import { indexAt, type QuoteSeries, type TradeSeries } from './columns'
import { formatCount, type Marker, type PlacedMarker } from './markers'
import { color, FONT, sideColor } from './palette'
import type { Span } from './span'

/** Mean distance between trades, in pixels, from which each trade is drawn as a point. */
const POINT_ROOM = 5

/** Draw the best bid and ask as a ribbon. */
export function drawRibbon(plot: uPlot, quotes: QuoteSeries, span: Span): void {
  const { ctx } = plot
  const first = Math.max(indexAt(quotes.ts, span.from), 0)
  const last = Math.min(indexAt(quotes.ts, span.to) + 1, quotes.ts.length - 1)
  const rows = Array.from({ length: Math.max(last - first + 1, 0) }, (_, i) => first + i)
  const edges = { bid: new Path2D(), ask: new Path2D() }
  const area = new Path2D()
  rows.forEach((row, i) => {
    const left = edge(plot, quotes.ts[row] ?? 0)
    const next = quotes.ts[rows[i + 1] ?? -1]
    const right = edge(plot, next ?? Infinity)
    const bid = plot.valToPos(quotes.bid[row] ?? NaN, 'y', true)
    const ask = plot.valToPos(quotes.ask[row] ?? NaN, 'y', true)
    for (const [path, y] of [
      [edges.bid, bid],
      [edges.ask, ask],
    ] as const) {
      if (Number.isNaN(y)) continue
      if (i === 0) path.moveTo(left, y)
      else path.lineTo(left, y)
      path.lineTo(right, y)
    }
    if (!Number.isNaN(bid + ask)) area.rect(left, ask, right - left, bid - ask)
  })
  ctx.lineWidth = devicePixelRatio
  ctx.globalAlpha = 0.1
  ctx.fillStyle = color('muted')
  ctx.fill(area)
  ctx.globalAlpha = 0.55
  ctx.strokeStyle = color('buy')
  ctx.stroke(edges.bid)
  ctx.strokeStyle = color('sell')
  ctx.stroke(edges.ask)
}

/** Pixel of an instant, clamped to just outside the plot: canvas coordinates overflow for far neighbours. */
function edge(plot: uPlot, at: number): number {
  const { bbox } = plot
  return Math.min(Math.max(plot.valToPos(at, 'x', true), bbox.left - 9), bbox.left + bbox.width + 9)
}

/** Draw each trade as a point in the colour of its aggressor, if there is room for points. */
export function drawTrades(plot: uPlot, trades: TradeSeries, span: Span): void {
  const { ctx } = plot
  const first = indexAt(trades.ts, span.from) + 1
  const last = indexAt(trades.ts, span.to)
  if (last - first + 1 > plot.width / POINT_ROOM) return
  const radius = 2 * devicePixelRatio
  for (let row = first; row <= last; row++) {
    ctx.fillStyle = sideColor(trades.side[row] ?? 0)
    ctx.beginPath()
    ctx.arc(
      plot.valToPos(trades.ts[row] ?? 0, 'x', true),
      plot.valToPos(trades.price[row] ?? 0, 'y', true),
      radius,
      0,
      2 * Math.PI,
    )
    ctx.fill()
  }
}

/** Vertical position of a marker in CSS pixels of the plot: buys below the price, sells above. */
export function markerY(plot: uPlot, { marker }: PlacedMarker): number {
  const y = plot.valToPos(marker.side > 0 ? marker.low : marker.high, 'y')
  const away = marker.orders > 1 ? 14 : 9
  const height = plot.bbox.height / devicePixelRatio
  return Math.min(Math.max(y + marker.side * away, 9), height - 9)
}

/** Draw buys as ▲ and sells as ▼, hollow unless fully filled; clusters as a framed count. */
export function drawMarkers(plot: uPlot, placed: readonly PlacedMarker[]): void {
  inPlot(plot, (ctx) => {
    for (const entry of placed) drawMarker(ctx, entry, markerY(plot, entry))
  })
}

/** Draw the selected order in a ring above all other markers. */
export function drawSelected(plot: uPlot, marker: Marker): void {
  const entry = { marker, x: plot.valToPos(marker.from, 'x') }
  const y = markerY(plot, entry)
  inPlot(plot, (ctx) => {
    ctx.beginPath()
    ctx.arc(entry.x, y, 11, 0, 2 * Math.PI)
    ctx.fillStyle = color('ground')
    ctx.fill()
    ctx.strokeStyle = color('accent')
    ctx.lineWidth = 2
    ctx.stroke()
    drawMarker(ctx, entry, y)
  })
}

/** Draw in CSS pixels from the top left corner of the plot. */
function inPlot({ ctx, bbox }: uPlot, draw: (ctx: CanvasRenderingContext2D) => void): void {
  ctx.save()
  ctx.translate(bbox.left, bbox.top)
  ctx.scale(devicePixelRatio, devicePixelRatio)
  ctx.font = FONT
  ctx.textAlign = 'center'
  ctx.textBaseline = 'middle'
  draw(ctx)
  ctx.restore()
}

function drawMarker(ctx: CanvasRenderingContext2D, { marker, x }: PlacedMarker, y: number): void {
  ctx.lineWidth = 1.25
  ctx.strokeStyle = sideColor(marker.side)
  if (marker.orders === 1) {
    ctx.fillStyle = marker.filled > 0 ? sideColor(marker.side) : color('ground')
    triangle(ctx, x, y, marker.side, 4.5)
    ctx.fill()
    ctx.stroke()
    return
  }
  ctx.fillStyle = color('ground')
  ctx.beginPath()
  ctx.roundRect(x - 18, y - 8, 36, 16, 3)
  ctx.fill()
  ctx.stroke()
  ctx.fillStyle = sideColor(marker.side)
  ctx.fillText(formatCount(marker.orders), x + 4, y + 0.5)
  triangle(ctx, x - 11.5, y, marker.side, 2.5)
  ctx.fill()
}

function triangle(ctx: CanvasRenderingContext2D, x: number, y: number, side: 1 | -1, half: number): void {
  ctx.beginPath()
  ctx.moveTo(x, y - side * half)
  ctx.lineTo(x + half, y + side * half)
  ctx.lineTo(x - half, y + side * half)
  ctx.closePath()
}
