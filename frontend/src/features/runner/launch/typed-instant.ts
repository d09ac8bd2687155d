import { isoInstant, type Nanoseconds, parseInstant } from '@/ui/format/instant'

/** Reads a time as people type it: 2024-07-18 23:57 is 2024-07-18T23:57:00Z. Undefined where the text is no time in UTC. */
export function readTyped(text: string): Nanoseconds | undefined {
  const match = /^(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d)(:\d\d(?:\.\d{1,9})?)?)?(?:[Zz]|\+00:00)?$/.exec(text.trim())
  if (match === null) return undefined
  const [, day = '', minute = '00:00', second = ':00'] = match
  const instant = parseInstant(`${day}T${minute}${second}Z`)
  // Date makes the 31st of June the 1st of July.
  return instant !== undefined && isoInstant(instant).startsWith(day) ? instant : undefined
}
