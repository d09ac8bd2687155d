import { type RefObject, useEffect } from 'react'

import { GUTTER } from './plot'
import { length, type Span } from './span'
import type { Viewport } from './viewport'

/** Pixels that a pointer may move during a click. */
const SLACK = 4

/** Wheel zooms at the cursor, drag pans, two fingers do both, shift-drag selects, double click fits. */
export function useGestures(host: RefObject<HTMLElement | null>, viewport: Viewport): void {
  useEffect(() => {
    const element = host.current
    if (!element) return
    const controller = new AbortController()
    const { signal } = controller
    const gesture = new Gesture(element, viewport)
    element.addEventListener('wheel', gesture.wheel, { signal, passive: false })
    element.addEventListener('pointerdown', gesture.down, { signal })
    element.addEventListener('pointermove', gesture.move, { signal })
    element.addEventListener('pointerup', gesture.up, { signal })
    element.addEventListener('pointercancel', gesture.up, { signal })
    element.addEventListener('pointerleave', gesture.leave, { signal })
    element.addEventListener('dblclick', gesture.fit, { signal })
    return () => {
      controller.abort()
    }
  }, [host, viewport])
}

/** A pressed pointer (finger or mouse): the instant it grabbed and its current position. */
interface Hold {
  readonly instant: number
  readonly startX: number
  x: number
}

class Gesture {
  private readonly holds = new Map<number, Hold>()
  private selecting: number | null = null
  private dragging = false

  constructor(
    private readonly element: HTMLElement,
    private readonly viewport: Viewport,
  ) {}

  readonly wheel = (event: WheelEvent): void => {
    event.preventDefault()
    const pixels = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1
    const sideways = event.shiftKey ? event.deltaX || event.deltaY : event.deltaX
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      this.viewport.pan(sideways * pixels * this.perPixel())
    } else {
      // A pinch on a touchpad arrives as a small wheel with the control key.
      const speed = event.ctrlKey ? 0.01 : 0.002
      this.viewport.zoom(this.instantAt(event.clientX), Math.exp(event.deltaY * pixels * speed))
    }
  }

  readonly down = (event: PointerEvent): void => {
    if (event.button !== 0 || (event.target as Element).closest('button, a, input')) return
    const instant = this.instantAt(event.clientX)
    if (event.shiftKey) this.selecting = instant
    this.holds.set(event.pointerId, { instant, startX: event.clientX, x: event.clientX })
    this.dragging = this.holds.size > 1
  }

  readonly move = (event: PointerEvent): void => {
    const hold = this.holds.get(event.pointerId)
    if (hold) hold.x = event.clientX
    if (hold && !this.dragging && Math.abs(hold.x - hold.startX) > SLACK) {
      this.dragging = true
      // Capture only now: a captured pointer would swallow the click on the marker below it.
      this.element.setPointerCapture(event.pointerId)
    }
    if (this.dragging && this.selecting !== null) {
      this.viewport.select(ordered(this.selecting, this.instantAt(event.clientX)))
    } else if (this.dragging) {
      this.viewport.show(this.held())
    }
    if (event.pointerType === 'mouse') this.viewport.point(this.instantAt(event.clientX))
  }

  readonly up = (event: PointerEvent): void => {
    if (this.holds.delete(event.pointerId) && !this.dragging) this.viewport.point(this.instantAt(event.clientX))
    if (this.holds.size > 0) return
    this.selecting = null
    this.dragging = false
  }

  readonly leave = (event: PointerEvent): void => {
    if (event.pointerType === 'mouse') this.viewport.point(null)
  }

  readonly fit = (event: MouseEvent): void => {
    if (!(event.target as Element).closest('button, a, input')) this.viewport.fit()
  }

  /** The span that keeps each grabbed instant under its pointer. */
  private held(): Span {
    const { left, width } = this.plot()
    const [first, second] = [...this.holds.values()]
    if (!first) return this.viewport.span
    const apart = second ? second.x - first.x : 0
    const perPixel = second && apart !== 0 ? Math.abs((second.instant - first.instant) / apart) : this.perPixel()
    const from = first.instant - (first.x - left) * perPixel
    return { from, to: from + width * perPixel }
  }

  private instantAt(clientX: number): number {
    const { left, width } = this.plot()
    const { span } = this.viewport
    const share = Math.min(Math.max((clientX - left) / width, 0), 1)
    return span.from + share * length(span)
  }

  private perPixel(): number {
    return length(this.viewport.span) / this.plot().width
  }

  private plot(): { left: number; width: number } {
    const { left, width } = this.element.getBoundingClientRect()
    return { left, width: width - GUTTER }
  }
}

function ordered(a: number, b: number): Span {
  return { from: Math.min(a, b), to: Math.max(a, b) }
}
