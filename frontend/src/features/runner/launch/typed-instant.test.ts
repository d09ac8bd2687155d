import { expect, it } from 'vitest'

import { isoInstant } from '@/ui/format/instant'

import { readTyped } from './typed-instant'

it.each([
  ['2024-07-18T23:57:00Z', '2024-07-18T23:57:00Z'],
  ['2024-07-18T23:57:00.000000001Z', '2024-07-18T23:57:00.000000001Z'],
  ['  2024-07-18 23:57 ', '2024-07-18T23:57:00Z'],
  ['2024-07-18', '2024-07-18T00:00:00Z'],
  ['2024-07-18T23:57:00+00:00', '2024-07-18T23:57:00Z'],
])('%j is the instant %s', (text, iso) => {
  expect(isoInstant(readTyped(text) ?? 0n)).toBe(iso)
})

it.each(['', 'now', '2024-06-31', '2024-07-18T25:00Z', '2024-07-18T10:00:00.1234567890Z', '2024-07-18T10:00:00+02:00'])(
  '%j is not a time',
  (text) => {
    expect(readTyped(text)).toBeUndefined()
  },
)
