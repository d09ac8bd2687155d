import { useSyncExternalStore } from 'react'

import { clamp, equal, pan, reveal, type Span, zoom } from './span'

/**
 * What all panels of a screen show of the replay clock: one span, one crosshair, one selection.
 *
 * Panels subscribe and draw by themselves, so that a drag repaints canvases and renders no React tree.
 */
export class Viewport {
  span: Span
  crosshair: number | null = null
  selection: Span | null = null
  readonly #listeners = new Set<() => void>()

  /**
   * @param base The instant that offsets count from, UNIX nanoseconds.
   * @param bounds As far as one can zoom out.
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

  /** Puts the crosshair at an instant and moves the span there if need be. */
  visit(at: number): void {
    this.span = reveal(this.span, at, this.bounds)
    this.crosshair = at
    this.#notify()
  }

  select(span: Span | null): void {
    this.selection = span
    this.#notify()
  }

  /** Shows a span and a selection at once, as an address holds them. */
  restore(span: Span, selection: Span | null): void {
    this.span = clamp(span, this.bounds)
    this.selection = selection
    this.#notify()
  }

  /** Takes in that there is more to see; one who saw all of it goes on seeing all, one who zoomed in stays put. */
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

/** Renders anew when what `read` takes from the viewport changes; `read` returns a primitive or a stored object. */
export function useViewport<T>(viewport: Viewport, read: (viewport: Viewport) => T): T {
  return useSyncExternalStore(viewport.subscribe, () => read(viewport))
}
