import { isoInstant, type Nanoseconds, parseInstant } from '@/ui/format/instant'

/** Parse a typed UTC time: 2024-07-18 23:57 is 2024-07-18T23:57:00Z. Undefined if the text is not a UTC time. */
export function readTyped(text: string): Nanoseconds | undefined {
  const match = /^(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d)(:\d\d(?:\.\d{1,9})?)?)?(?:[Zz]|\+00:00)?$/.exec(text.trim())
  if (match === null) return undefined
  const [, day = '', minute = '00:00', second = ':00'] = match
  const instant = parseInstant(`${day}T${minute}${second}Z`)
  // Date turns June 31 into July 1.
  return instant !== undefined && isoInstant(instant).startsWith(day) ? instant : undefined
}
