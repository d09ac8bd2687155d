import type { MarkerColumns, Order } from '@/gen/tickreel/v1/report_pb'
import { instantOf } from '@/ui/format/instant'

import { decimal } from './columns'
import { length, type Span } from './span'

/** One order on a chart, or a cluster of orders of one side that are too close to be drawn apart. */
export interface Marker {
  readonly firstOrder: bigint
  readonly orders: number
  readonly filled: number
  readonly side: 1 | -1
  readonly from: number
  readonly to: number
  readonly low: number
  readonly high: number
  readonly filledSize: number
}

export function orderMarkers(columns: MarkerColumns | undefined, base: bigint): Marker[] {
  if (!columns) return []
  const price = decimal(columns.pricePrecision)
  const size = decimal(columns.filledPrecision)
  const offset = (instant = 0n) => Number(instant - base)
  return columns.firstOrder.map((firstOrder, i) => ({
    firstOrder,
    orders: Number(columns.orders[i]),
    filled: Number(columns.filled[i]),
    side: (columns.side[i] ?? 0) < 0 ? -1 : 1,
    from: offset(columns.tsFirst[i]),
    to: offset(columns.tsLast[i]),
    low: price(columns.priceLow[i] ?? 0n),
    high: price(columns.priceHigh[i] ?? 0n),
    filledSize: size(columns.filledSize[i] ?? 0n),
  }))
}

/** Marker of a single order; undefined if it has no price or was never submitted. */
export function orderMarker(order: Order, base: bigint): Marker | undefined {
  const price = order.price || order.averagePrice
  if (!order.tsSubmitted || !price) return undefined
  const at = Number(instantOf(order.tsSubmitted) - base)
  return {
    firstOrder: order.id,
    orders: 1,
    filled: order.status === 'filled' ? 1 : 0,
    side: order.side === 'sell' ? -1 : 1,
    from: at,
    to: at,
    low: Number(price),
    high: Number(price),
    filledSize: Number(order.filledAmount),
  }
}

/** A marker and its position, in pixels from the left edge of the plot. */
export interface PlacedMarker {
  readonly marker: Marker
  readonly x: number
}

/** Width of a cluster and least distance between single orders, in pixels. */
const CLUSTER_WIDTH = 40
const SINGLE_WIDTH = 11

/**
 * Place markers on a plot: single if there is room, else in counted clusters.
 *
 * Clusters are the cells of a time grid whose cell length is a power of two, so that panning does not change them.
 * A cell that is partly out of view is counted whole. At the edges of the view, overlapping clusters are merged.
 */
export function placeMarkers(markers: readonly Marker[], span: Span, width: number): PlacedMarker[] {
  const perPixel = length(span) / width
  const cell = 2 ** Math.ceil(Math.log2(CLUSTER_WIDTH * perPixel))
  const cells = new Map<string, Marker[]>()
  for (const marker of markers) {
    const column = Math.floor(middle(marker) / cell)
    if (column < Math.floor(span.from / cell) || column > Math.floor(span.to / cell)) continue
    const key = `${marker.side} ${column}`
    const group = cells.get(key)
    if (group) group.push(marker)
    else cells.set(key, [marker])
  }
  const pixel = (at: number) => (at - span.from) / perPixel
  const clusters: PlacedMarker[] = []
  const singles = [...cells.values()].flatMap((group) => {
    if (apart(group, perPixel)) return group.map((marker) => ({ marker, x: pixel(middle(marker)) }))
    const marker = merge(group)
    const left = Math.floor(middle(group[0] ?? marker) / cell) * cell
    const margin = (CLUSTER_WIDTH / 2) * perPixel
    clusters.push({ marker, x: pixel(Math.min(Math.max(middle(marker), left + margin), left + cell - margin)) })
    return []
  })
  const sides = [1, -1].map((side) => clusters.filter(({ marker }) => marker.side === side))
  return [...singles, ...sides.flatMap((ofSide) => moveIn(ofSide, width))]
}

/** Clusters of one side, moved in from the edges of the plot; a moved cluster absorbs the one that it would cover. */
function moveIn(clusters: readonly PlacedMarker[], width: number): PlacedMarker[] {
  const least = CLUSTER_WIDTH / 2
  const most = Math.max(width - least, least)
  const shown: PlacedMarker[] = []
  for (const { marker, x } of [...clusters].sort((a, b) => a.x - b.x)) {
    const placed = { marker, x: Math.min(Math.max(x, least), most) }
    const before = shown.at(-1)
    const moved = placed.x !== x || before?.x === least
    if (before && moved && placed.x - before.x < CLUSTER_WIDTH) {
      shown.splice(-1, 1, { marker: merge([before.marker, marker]), x: before.x === least ? least : most })
    } else shown.push(placed)
  }
  return shown
}

function apart(group: readonly Marker[], perPixel: number): boolean {
  return group.every((marker, i) => {
    const before = group[i - 1]
    return marker.orders === 1 && (!before || marker.from - before.from >= SINGLE_WIDTH * perPixel)
  })
}

function merge(group: readonly Marker[]): Marker {
  return group.reduce((all, marker) => ({
    ...all,
    orders: all.orders + marker.orders,
    filled: all.filled + marker.filled,
    from: Math.min(all.from, marker.from),
    to: Math.max(all.to, marker.to),
    low: Math.min(all.low, marker.low),
    high: Math.max(all.high, marker.high),
    filledSize: all.filledSize + marker.filledSize,
  }))
}

const middle = (marker: Marker): number => (marker.from + marker.to) / 2

/** Format the count of a cluster in at most four characters: 950, 9.5k, 120k. */
export function formatCount(count: number): string {
  if (count < 1_000) return String(count)
  if (count < 9_950) return `${(count / 1_000).toFixed(1)}k`
  if (count < 999_500) return `${Math.round(count / 1_000)}k`
  return `${(count / 1_000_000).toFixed(1)}M`
}
