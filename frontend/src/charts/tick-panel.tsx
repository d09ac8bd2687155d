import { type MouseEvent, type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from 'react'
import uPlot from 'uplot'

import { formatInstant } from '@/ui/format/instant'
import { formatNumber } from '@/ui/format/number'

import { indexAt, type QuoteSeries, type TradeSeries } from './columns'
import { columnExtent, union } from './extent'
import { type Marker, type PlacedMarker, placeMarkers } from './markers'
import { color } from './palette'
import { Panel } from './panel'
import { Plot } from './plot'
import { drawMarkers, drawRibbon, drawSelected, drawTrades, markerY } from './tick-drawing'
import { useViewport, type Viewport } from './viewport'

interface TickPanelProps {
  viewport: Viewport
  trades: TradeSeries
  quotes: QuoteSeries
  /** Whether rows were left out, so that the values at the crosshair are approximate. */
  sampled: boolean
  markers: readonly Marker[]
  /** The selected order. */
  selected: Marker | undefined
  /** Called when a marker is clicked. */
  onOpen: (marker: Marker) => void
  /** Content of the card beside a hovered marker. */
  describe: (marker: Marker) => ReactNode
}

const steps = uPlot.paths.stepped?.({ align: 1 })

/** Trades as a step line (points when zoomed in) over the ribbon of best bid and ask, with order markers. */
export function TickPanel(props: TickPanelProps) {
  const { viewport, trades, quotes, markers, selected, onOpen, describe } = props
  const drawn = useRef<Drawn>(null)
  const [hovered, setHovered] = useState<Hovered>()
  const data = useMemo(() => [trades.ts, trades.price] as uPlot.AlignedData, [trades])
  const under = useCallback(
    (plot: uPlot) => {
      drawRibbon(plot, quotes, viewport.span)
    },
    [quotes, viewport],
  )
  const over = useCallback(
    (plot: uPlot) => {
      drawTrades(plot, trades, viewport.span)
      const placed = placeMarkers(markers, viewport.span, plot.bbox.width / devicePixelRatio)
      drawn.current = { plot, placed }
      drawMarkers(plot, placed)
      if (selected) drawSelected(plot, selected)
    },
    [trades, markers, selected, viewport],
  )
  useEffect(
    () =>
      viewport.subscribe(() => {
        setHovered((before) => (before && before.span !== viewport.span ? undefined : before))
      }),
    [viewport],
  )
  const markerAt = (event: MouseEvent<HTMLElement>) => {
    const { left, top } = event.currentTarget.getBoundingClientRect()
    return drawn.current ? pick(drawn.current, event.clientX - left, event.clientY - top) : undefined
  }
  return (
    <Panel title="Ticks" grow={9} readout={<Readout {...props} />}>
      <div
        className="absolute inset-0"
        style={{ cursor: hovered ? 'pointer' : 'crosshair' }}
        onMouseMove={(event) => {
          const found = markerAt(event)
          setHovered((before) =>
            found?.marker === before?.marker ? before : found && { ...found, span: viewport.span },
          )
        }}
        onMouseLeave={() => {
          setHovered(undefined)
        }}
        onClick={(event) => {
          const found = markerAt(event)
          if (found) onOpen(found.marker)
        }}
      >
        <Plot
          viewport={viewport}
          data={data}
          lines={[{ stroke: () => color('muted'), width: 1, paths: steps, points: { show: false } }]}
          extent={(span) =>
            union(
              columnExtent(trades.ts, trades.price, span),
              columnExtent(quotes.ts, quotes.bid, span),
              columnExtent(quotes.ts, quotes.ask, span),
            )
          }
          format={formatNumber}
          under={under}
          over={over}
        />
        {hovered && <Card {...hovered}>{describe(hovered.marker)}</Card>}
      </div>
    </Panel>
  )
}

interface Drawn {
  readonly plot: uPlot
  readonly placed: readonly PlacedMarker[]
}

interface Hovered {
  readonly marker: Marker
  readonly x: number
  readonly y: number
  /** The span at the time of hovering; in another span the marker is elsewhere. */
  readonly span: object
}

/** The marker at a position, in pixels from the top left corner of the panel. */
function pick({ plot, placed }: Drawn, x: number, y: number): Omit<Hovered, 'span'> | undefined {
  const left = plot.bbox.left / devicePixelRatio
  const top = plot.bbox.top / devicePixelRatio
  for (const entry of placed) {
    const at = { x: left + entry.x, y: top + markerY(plot, entry) }
    const reach = entry.marker.orders > 1 ? { x: 19, y: 10 } : { x: 7, y: 9 }
    if (Math.abs(at.x - x) <= reach.x && Math.abs(at.y - y) <= reach.y) return { marker: entry.marker, ...at }
  }
  return undefined
}

function Card({ x, y, children }: { x: number; y: number; children: ReactNode }) {
  const host = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const card = host.current
    const room = card?.offsetParent?.getBoundingClientRect()
    if (!card || !room) return
    const left = x + 16 + card.offsetWidth > room.width ? x - 16 - card.offsetWidth : x + 16
    card.style.left = `${Math.max(left, 0)}px`
    card.style.top = `${Math.min(Math.max(y - card.offsetHeight / 2, 0), Math.max(room.height - card.offsetHeight, 0))}px`
  }, [x, y, children])
  return (
    <div
      ref={host}
      role="tooltip"
      className="pointer-events-none absolute z-10 rounded border border-line-strong bg-raised p-2 text-xs shadow-float"
    >
      {children}
    </div>
  )
}

/** The last trade and the book at the crosshair. */
function Readout({ viewport, trades, quotes, sampled }: TickPanelProps) {
  const { pricePrecision, sizePrecision } = trades
  const trade = useViewport(viewport, ({ crosshair, span }) => indexAt(trades.ts, crosshair ?? span.to))
  const quote = useViewport(viewport, ({ crosshair, span }) => indexAt(quotes.ts, crosshair ?? span.to))
  const price = (value: number | undefined) =>
    value === undefined || Number.isNaN(value) ? '–' : formatNumber(value, pricePrecision)
  const side = trades.side[trade] ?? 0
  const crosshair = useViewport(viewport, ({ crosshair }) => crosshair)
  return (
    <>
      <span className="text-text">{`${sampled ? '≈ ' : ''}${price(trades.price[trade])}`}</span>
      {trade >= 0 && <span>{formatNumber(trades.size[trade] ?? 0, sizePrecision)}</span>}
      {side !== 0 && <span className={side > 0 ? 'text-buy' : 'text-sell'}>{side > 0 ? '▲ buy' : '▼ sell'}</span>}
      {quotes.ts.length > 0 && (
        <span>
          {'bid '}
          <span className="text-buy">{price(quotes.bid[quote])}</span>
          {' ask '}
          <span className="text-sell">{price(quotes.ask[quote])}</span>
        </span>
      )}
      {crosshair !== null && (
        <time className="text-faint max-md:hidden">{formatInstant(viewport.instant(crosshair), 'ns')}</time>
      )}
    </>
  )
}
