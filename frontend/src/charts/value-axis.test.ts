import { expect, test } from 'vitest'

import { valueTicks } from './value-axis'

test('ticks are multiples of the step', () => {
  expect(valueTicks(-12_500, 900, 5_000)).toEqual([-10_000, -5_000, 0])
})

test('a narrow range gets at least two ticks, by a finer step', () => {
  expect(valueTicks(999_665, 999_722, 50)).toEqual([999_675, 999_700])
  expect(valueTicks(3, 9, 10)).toEqual([4, 6, 8])
})
