import { formatInstant } from '@/ui/format/instant'

import type { Span } from './span'

const MICROSECOND = 1e3
const MILLISECOND = 1e6
const SECOND = 1e9
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const STEPS = [
  ...[1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8].flatMap((power) => [power, 2 * power, 5 * power]),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 5, 10, 20, 50, 100].map((n) => n * DAY),
]

/** A mark on the time axis: `label` differs from its neighbours, `context` is the part that they share. */
export interface Tick {
  readonly at: number
  readonly label: string
  readonly context: string
  /** Changed part of the context, if it differs from that of the previous tick. */
  readonly turn: string | undefined
}

/** At most `most` ticks of a span, at round UTC times, from days down to nanoseconds. */
export function timeTicks(span: Span, base: bigint, most: number): Tick[] {
  const step = stepOf(span, most)
  const phase = Number(base % BigInt(step))
  const ticks: Tick[] = []
  for (let at = Math.ceil((span.from + phase) / step) * step - phase; at <= span.to; at += step) {
    const { label, context, tail } = words(base + BigInt(at), step)
    const before = ticks.at(-1)
    ticks.push({ at, label, context, turn: before && before.context !== context ? tail : undefined })
  }
  return ticks
}

/** Context of the ticks at the start of a span, to be shown once: the day, second or microsecond. */
export function leadingContext(span: Span, base: bigint, most: number): string {
  return words(base + BigInt(Math.floor(span.from)), stepOf(span, most)).context
}

function stepOf(span: Span, most: number): number {
  return STEPS.find((step) => (span.to - span.from) / step <= most) ?? 100 * DAY
}

function words(instant: bigint, step: number): { label: string; context: string; tail: string } {
  const { date, time, fraction } = parts(instant)
  const [milli, micro, nano] = [fraction.slice(0, 3), fraction.slice(3, 6), fraction.slice(6)]
  const year = date.slice(0, 4)
  if (step >= DAY) return { label: date.slice(5), context: year, tail: year }
  if (step >= MINUTE) return { label: time.slice(0, 5), context: date, tail: date }
  if (step >= SECOND) return { label: time, context: date, tail: date }
  if (step >= MILLISECOND) return { label: `.${milli}`, context: `${date} ${time}`, tail: time }
  if (step >= MICROSECOND) return { label: `${micro} µs`, context: `${date} ${time}.${milli}`, tail: `.${milli}` }
  return { label: `${nano} ns`, context: `${date} ${time}.${milli} ${micro}`, tail: `.${milli} ${micro}` }
}

function parts(instant: bigint): { date: string; time: string; fraction: string } {
  const text = formatInstant(instant, 'ns')
  return { date: text.slice(0, 10), time: text.slice(11, 19), fraction: text.slice(20) }
}
