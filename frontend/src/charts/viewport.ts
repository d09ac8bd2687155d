import { useSyncExternalStore } from 'react'

import { clamp, equal, pan, reveal, type Span, zoom } from './span'

/**
 * Shared view state of all panels of a screen: one span, one crosshair and one selection of the replay clock.
 *
 * Panels subscribe and redraw themselves, so that a drag repaints canvases without rendering a React tree.
 */
export class Viewport {
  span: Span
  crosshair: number | null = null
  selection: Span | null = null
  readonly #listeners = new Set<() => void>()

  /**
   * @param base Origin of offsets, in UNIX nanoseconds.
   * @param bounds Limit for zooming out.
   */
  constructor(
    readonly base: bigint,
    public bounds: Span,
    span: Span = bounds,
  ) {
    this.span = clamp(span, bounds)
  }

  offset = (instant: bigint): number => Number(instant - this.base)

  instant = (offset: number): bigint => this.base + BigInt(Math.round(offset))

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  show(span: Span): void {
    const next = clamp(span, this.bounds)
    if (equal(next, this.span)) return
    this.span = next
    this.#notify()
  }

  zoom(at: number, factor: number): void {
    this.show(zoom(this.span, at, factor, this.bounds))
  }

  pan(by: number): void {
    this.show(pan(this.span, by, this.bounds))
  }

  fit(): void {
    this.show(this.bounds)
  }

  point(at: number | null): void {
    if (at === this.crosshair) return
    this.crosshair = at
    this.#notify()
  }

  /** Move the crosshair to an instant, and the span if the instant is outside. */
  visit(at: number): void {
    this.span = reveal(this.span, at, this.bounds)
    this.crosshair = at
    this.#notify()
  }

  select(span: Span | null): void {
    this.selection = span
    this.#notify()
  }

  /** Set span and selection at once, from the URL. */
  restore(span: Span, selection: Span | null): void {
    this.span = clamp(span, this.bounds)
    this.selection = selection
    this.#notify()
  }

  /** Extend the bounds. A view of everything keeps showing everything; a zoomed view stays put. */
  extend(bounds: Span): void {
    if (equal(bounds, this.bounds)) return
    const all = equal(this.span, this.bounds)
    this.bounds = bounds
    this.span = all ? bounds : clamp(this.span, bounds)
    this.#notify()
  }

  #notify(): void {
    for (const listener of this.#listeners) listener()
  }
}

/** Subscribe to a value of the viewport. `read` must return a primitive or a stable object. */
export function useViewport<T>(viewport: Viewport, read: (viewport: Viewport) => T): T {
  return useSyncExternalStore(viewport.subscribe, () => read(viewport))
}
