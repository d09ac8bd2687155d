import { expect, test } from 'vitest'

import { allOf, equals, selected } from './conditions'

test('conditions are joined and undefined ones left out', () => {
  const filter = allOf(
    equals('side', 'buy'),
    equals('status', undefined),
    selected('ts', { since: '1', until: '2000000000' }),
  )
  expect(filter).toBe('side = "buy" AND ts >= "1970-01-01T00:00:00.000000001Z" AND ts <= "1970-01-01T00:00:02Z"')
})

test('no conditions give an empty filter', () => {
  expect(allOf(equals('side', undefined), selected('ts', {}))).toBe('')
})
