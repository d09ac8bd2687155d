/** An instant: nanoseconds since 1970, UTC. A Number has no room for them. */
export type Nanoseconds = bigint

/** How far a time is said; what is beyond is cut, not rounded. */
export type Precision = 'min' | 's' | 'ms' | 'us' | 'ns'

const DIGITS = { min: 0, s: 0, ms: 3, us: 6, ns: 9 } as const

const SECOND = 1_000_000_000n

/** A protobuf Timestamp, or what has its shape. */
interface SecondsAndNanos {
  seconds: bigint
  nanos: number
}

/** The instant of a protobuf Timestamp. */
export function instantOf({ seconds, nanos }: SecondsAndNanos): Nanoseconds {
  return seconds * SECOND + BigInt(nanos)
}

/** An instant as a protobuf Timestamp has it. */
export function secondsAndNanos(instant: Nanoseconds): SecondsAndNanos {
  const nanos = ((instant % SECOND) + SECOND) % SECOND
  return { seconds: (instant - nanos) / SECOND, nanos: Number(nanos) }
}

/**
 * Reads ISO 8601 in UTC, as results and configs have it: 2024-07-18T23:57:00.123456789Z.
 *
 * Returns undefined for what is no such time.
 */
export function parseInstant(text: string): Nanoseconds | undefined {
  const match = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(?:Z|\+00:00)$/.exec(text)
  const milliseconds = match === null ? NaN : Date.parse(`${match[1] ?? ''}Z`)
  if (Number.isNaN(milliseconds)) return undefined
  return BigInt(milliseconds) * 1_000_000n + BigInt((match?.[2] ?? '').padEnd(9, '0'))
}

/** 2024-07-18. */
export function formatDate(instant: Nanoseconds): string {
  return isoSeconds(instant).slice(0, 10)
}

/** 23:57:00.123: the time of day, without its day and zone. */
export function formatTime(instant: Nanoseconds, precision: Precision = 's'): string {
  const time = isoSeconds(instant).slice(11, precision === 'min' ? 16 : 19)
  const digits = DIGITS[precision]
  if (digits === 0) return time
  const { nanos } = secondsAndNanos(instant)
  return `${time}.${nanos.toString().padStart(9, '0').slice(0, digits)}`
}

/** 2024-07-18 23:57:00.123: the zone is said once, where the time stands. */
export function formatInstant(instant: Nanoseconds, precision: Precision = 's'): string {
  return `${formatDate(instant)} ${formatTime(instant, precision)}`
}

/** 2024-07-18T23:57:00.123456789Z: as files and requests have it, fractions as far as there are any. */
export function isoInstant(instant: Nanoseconds): string {
  const { nanos } = secondsAndNanos(instant)
  const fraction = nanos === 0 ? '' : `.${nanos.toString().padStart(9, '0').replace(/0+$/, '')}`
  return `${isoSeconds(instant)}${fraction}Z`
}

/** A window as short as it can be said: 2024-07-18 23:57:00 → 07-19 00:05:00; the day once where it is the same. */
export function formatWindow(start: Nanoseconds, end: Nanoseconds, precision: Precision = 's'): string {
  const [from, to] = [formatDate(start), formatDate(end)]
  const day = from === to ? '' : `${from.slice(0, 4) === to.slice(0, 4) ? to.slice(5) : to} `
  return `${formatInstant(start, precision)} → ${day}${formatTime(end, precision)}`
}

function isoSeconds(instant: Nanoseconds): string {
  return new Date(Number(secondsAndNanos(instant).seconds) * 1_000).toISOString().slice(0, 19)
}
