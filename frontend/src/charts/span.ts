/**
 * An interval of the replay clock, in nanoseconds from the base of a {@link Viewport}.
 *
 * UNIX nanoseconds do not fit a double. Nanoseconds from the start of a run do, exactly, for 104 days.
 */
export interface Span {
  readonly from: number
  readonly to: number
}

/** Shortest span that a chart zooms to: one microsecond. */
export const SHORTEST = 1_000

export const length = (span: Span): number => span.to - span.from

export const middle = (span: Span): number => span.from + length(span) / 2

export const contains = (span: Span, at: number): boolean => span.from <= at && at <= span.to

export const equal = (a: Span, b: Span): boolean => a.from === b.from && a.to === b.to

/** The span, extended by a share of its length on either side. */
export const widen = (span: Span, share: number): Span => ({
  from: span.from - length(span) * share,
  to: span.to + length(span) * share,
})

/** The nearest span within the bounds: shifted if it fits, else cut. */
export function clamp(span: Span, bounds: Span): Span {
  if (length(span) >= length(bounds)) return bounds
  const size = Math.max(length(span), SHORTEST)
  const start = size === length(span) ? span.from : middle(span) - size / 2
  const from = Math.min(Math.max(start, bounds.from), bounds.to - size)
  return { from, to: from + size }
}

/** The span scaled by `factor`, with `at` at the same place on the screen. */
export function zoom(span: Span, at: number, factor: number, bounds: Span): Span {
  const size = Math.min(Math.max(length(span) * factor, SHORTEST), length(bounds))
  const share = (at - span.from) / length(span)
  return clamp({ from: at - size * share, to: at + size * (1 - share) }, bounds)
}

export const pan = (span: Span, by: number, bounds: Span): Span =>
  clamp({ from: span.from + by, to: span.to + by }, bounds)

/** The span, moved by the least distance that brings `at` well inside it. */
export function reveal(span: Span, at: number, bounds: Span): Span {
  if (contains(widen(span, -0.1), at)) return span
  return pan(span, at - middle(span), bounds)
}
