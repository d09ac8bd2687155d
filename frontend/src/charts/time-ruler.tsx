import { useEffect, useRef, useState } from 'react'

import { formatInstant } from '@/ui/format/instant'

import { GUTTER, LABEL_WIDTH } from './plot'
import { leadingContext, type Tick, timeTicks } from './time-axis'
import { length } from './span'
import { useViewport, type Viewport } from './viewport'

/** Least distance of a label from the left edge, so that none is cut. At the right there is the gutter. */
const LEAST = 4

/** Approximate width of a label character in pixels. */
const CHARACTER = 6.5

/** Ticks whose labels fit, with their left edges. A label that was moved in from the edge may cover the next one. */
function apart(ticks: readonly Tick[], x: (at: number) => number): (Tick & { left: number })[] {
  const placed = ticks.map((tick) => ({
    ...tick,
    left: Math.max(x(tick.at) - (tick.label.length * CHARACTER) / 2, LEAST),
  }))
  return placed.filter(({ label, left }, i) => left + label.length * CHARACTER < (placed[i + 1]?.left ?? Infinity))
}

/** Time axis of a stack. The shared context of the ticks is shown once at the left, and again where it changes. */
export function TimeRuler({ viewport }: { viewport: Viewport }) {
  const host = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(0)
  const span = useViewport(viewport, ({ span }) => span)
  const crosshair = useViewport(viewport, ({ crosshair }) => crosshair)
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      setWidth(entry?.contentRect.width ?? 0)
    })
    if (host.current) observer.observe(host.current)
    return () => {
      observer.disconnect()
    }
  }, [])
  const x = (at: number) => ((at - span.from) / length(span)) * width
  const most = (width + GUTTER) / LABEL_WIDTH
  const ticks = timeTicks(span, viewport.base, most)
  return (
    <div
      className="figures relative h-9 shrink-0 text-2xs text-faint"
      style={{ marginRight: GUTTER }}
      ref={host}
      aria-hidden
    >
      {width > 0 && (
        <>
          {apart(ticks, x).map(({ at, label, turn, left }) => (
            <div
              key={at}
              className="absolute top-0.5 text-center whitespace-nowrap"
              style={{
                transform: left === LEAST ? `translateX(${LEAST}px)` : `translateX(${x(at)}px) translateX(-50%)`,
              }}
            >
              <div>{label}</div>
              {turn !== undefined && <div className="text-muted">{turn}</div>}
            </div>
          ))}
          <div className="absolute bottom-0.5 left-3 bg-ground pr-2 text-muted">{`${leadingContext(span, viewport.base, most)} UTC`}</div>
          {crosshair !== null && (
            <div
              className="absolute top-0 rounded-sm bg-raised px-1.5 whitespace-nowrap text-text outline outline-line-strong"
              style={{ transform: `translateX(clamp(0px, ${x(crosshair)}px - 50%, ${width}px - 100%))` }}
            >
              {formatInstant(viewport.instant(crosshair), 'ns')}
            </div>
          )}
        </>
      )}
    </div>
  )
}
