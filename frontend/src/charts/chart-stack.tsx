import { type KeyboardEvent, type ReactNode, useEffect, useRef } from 'react'

import { formatInstant } from '@/ui/format/instant'

import { useGestures } from './gestures'
import { GUTTER } from './plot'
import { length, middle } from './span'
import { TimeRuler } from './time-ruler'
import { useViewport, type Viewport } from './viewport'

interface ChartStackProps {
  viewport: Viewport
  label: string
  /** Selects the order before (-1) or after (1) the selected one. */
  onStep?: (direction: 1 | -1) => void
  children: ReactNode
}

/** Panels that share one time axis, one crosshair and one selection. */
export function ChartStack({ viewport, label, onStep, children }: ChartStackProps) {
  const host = useRef<HTMLDivElement>(null)
  useGestures(host, viewport)
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return
    const { span, crosshair } = viewport
    const direction = event.key === 'ArrowLeft' ? -1 : 1
    const actions: Record<string, () => void> = {
      ArrowLeft: () => {
        move(direction)
      },
      ArrowRight: () => {
        move(direction)
      },
      '+': () => {
        viewport.zoom(crosshair ?? middle(span), 0.5)
      },
      '-': () => {
        viewport.zoom(crosshair ?? middle(span), 2)
      },
      '0': () => {
        viewport.fit()
      },
      Escape: () => {
        viewport.select(null)
        viewport.point(null)
      },
    }
    const move = (direction: 1 | -1) => {
      if (event.shiftKey || !onStep) viewport.pan((direction * length(span)) / 8)
      else onStep(direction)
    }
    const action = actions[event.key === '=' ? '+' : event.key]
    if (!action) return
    event.preventDefault()
    action()
  }
  return (
    <div
      ref={host}
      role="group"
      aria-label={label}
      aria-keyshortcuts="ArrowLeft ArrowRight Shift+ArrowLeft Shift+ArrowRight + - 0 Escape"
      tabIndex={0}
      onKeyDown={onKeyDown}
      className="relative flex min-h-0 flex-1 touch-pan-y flex-col overflow-hidden select-none [container:stack/size]"
    >
      {children}
      <TimeRuler viewport={viewport} />
      <Hairlines viewport={viewport} />
      <Instant viewport={viewport} />
    </div>
  )
}

/** Crosshair and selection, moved without a React render. */
function Hairlines({ viewport }: { viewport: Viewport }) {
  const line = useRef<HTMLDivElement>(null)
  const band = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const place = () => {
      const { span, crosshair, selection } = viewport
      const share = (at: number) => ((at - span.from) / length(span)) * 100
      if (line.current) {
        line.current.hidden = crosshair === null || share(crosshair) < 0 || share(crosshair) > 100
        line.current.style.left = `${share(crosshair ?? 0)}%`
      }
      if (band.current) {
        const from = Math.min(Math.max(share(selection?.from ?? 0), 0), 100)
        const to = Math.min(Math.max(share(selection?.to ?? 0), 0), 100)
        band.current.hidden = selection === null || from === to
        band.current.style.left = `${from}%`
        band.current.style.width = `${to - from}%`
      }
    }
    place()
    return viewport.subscribe(place)
  }, [viewport])
  return (
    <div
      className="pointer-events-none absolute inset-y-0 left-0 overflow-hidden"
      style={{ right: GUTTER }}
      aria-hidden
    >
      <div ref={band} className="absolute inset-y-0 border-x border-accent bg-accent/10" hidden />
      <div ref={line} className="absolute inset-y-0 border-l border-dashed border-faint" hidden />
    </div>
  )
}

/** Position of the crosshair for screen readers. */
function Instant({ viewport }: { viewport: Viewport }) {
  const crosshair = useViewport(viewport, ({ crosshair }) => crosshair)
  return (
    <output className="sr-only" aria-live="polite">
      {crosshair === null ? '' : `Crosshair at ${formatInstant(viewport.instant(crosshair), 'ns')} UTC`}
    </output>
  )
}
