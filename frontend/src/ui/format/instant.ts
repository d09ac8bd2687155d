/** An instant: UNIX nanoseconds. They do not fit a Number. */
export type Nanoseconds = bigint

/** Resolution of a formatted time; the rest is truncated, not rounded. */
export type Precision = 'min' | 's' | 'ms' | 'us' | 'ns'

const DIGITS = { min: 0, s: 0, ms: 3, us: 6, ns: 9 } as const

const SECOND = 1_000_000_000n

/** The shape of a protobuf Timestamp. */
interface SecondsAndNanos {
  seconds: bigint
  nanos: number
}

/** Convert a protobuf Timestamp to an instant. */
export function instantOf({ seconds, nanos }: SecondsAndNanos): Nanoseconds {
  return seconds * SECOND + BigInt(nanos)
}

/** Convert an instant to the fields of a protobuf Timestamp. */
export function secondsAndNanos(instant: Nanoseconds): SecondsAndNanos {
  const nanos = ((instant % SECOND) + SECOND) % SECOND
  return { seconds: (instant - nanos) / SECOND, nanos: Number(nanos) }
}

/**
 * Parse an ISO 8601 time in UTC, as in results and configs: 2024-07-18T23:57:00.123456789Z.
 *
 * Returns undefined for anything else.
 */
export function parseInstant(text: string): Nanoseconds | undefined {
  const match = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(?:Z|\+00:00)$/.exec(text)
  const milliseconds = match === null ? NaN : Date.parse(`${match[1] ?? ''}Z`)
  if (Number.isNaN(milliseconds)) return undefined
  return BigInt(milliseconds) * 1_000_000n + BigInt((match?.[2] ?? '').padEnd(9, '0'))
}

/** Format the date: 2024-07-18. */
export function formatDate(instant: Nanoseconds): string {
  return isoSeconds(instant).slice(0, 10)
}

/** Format the time of day, without date and zone: 23:57:00.123. */
export function formatTime(instant: Nanoseconds, precision: Precision = 's'): string {
  const time = isoSeconds(instant).slice(11, precision === 'min' ? 16 : 19)
  const digits = DIGITS[precision]
  if (digits === 0) return time
  const { nanos } = secondsAndNanos(instant)
  return `${time}.${nanos.toString().padStart(9, '0').slice(0, digits)}`
}

/** Format date and time without the zone, which the label states: 2024-07-18 23:57:00.123. */
export function formatInstant(instant: Nanoseconds, precision: Precision = 's'): string {
  return `${formatDate(instant)} ${formatTime(instant, precision)}`
}

/** Format as ISO 8601, as in files and requests, with as many fraction digits as needed: 2024-07-18T23:57:00.5Z. */
export function isoInstant(instant: Nanoseconds): string {
  const { nanos } = secondsAndNanos(instant)
  const fraction = nanos === 0 ? '' : `.${nanos.toString().padStart(9, '0').replace(/0+$/, '')}`
  return `${isoSeconds(instant)}${fraction}Z`
}

/** Format a window as short as possible: 2024-07-18 23:57:00 → 07-19 00:05:00. The date is not repeated within a day. */
export function formatWindow(start: Nanoseconds, end: Nanoseconds, precision: Precision = 's'): string {
  const [from, to] = [formatDate(start), formatDate(end)]
  const day = from === to ? '' : `${from.slice(0, 4) === to.slice(0, 4) ? to.slice(5) : to} `
  return `${formatInstant(start, precision)} → ${day}${formatTime(end, precision)}`
}

function isoSeconds(instant: Nanoseconds): string {
  return new Date(Number(secondsAndNanos(instant).seconds) * 1_000).toISOString().slice(0, 19)
}
