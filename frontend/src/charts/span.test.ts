import { expect, test } from 'vitest'

import { clamp, length, pan, reveal, SHORTEST, zoom } from './span'

const day = { from: 0, to: 86_400e9 }

test('zooming keeps the instant under the cursor in place', () => {
  const span = { from: 10e9, to: 20e9 }
  const closer = zoom(span, 12e9, 0.5, day)
  expect((12e9 - closer.from) / length(closer)).toBeCloseTo((12e9 - span.from) / length(span))
  expect(length(closer)).toBe(5e9)
})

test('zooming stops at one microsecond and at the bounds', () => {
  expect(length(zoom({ from: 5e9, to: 5e9 + 1_500 }, 5e9 + 100, 0.001, day))).toBe(SHORTEST)
  expect(zoom({ from: 5e9, to: 6e9 }, 5.5e9, 1e9, day)).toEqual(day)
})

test('panning stops at the bounds and keeps the length', () => {
  expect(pan({ from: 10e9, to: 20e9 }, -60e9, day)).toEqual({ from: 0, to: 10e9 })
  expect(pan({ from: 10e9, to: 20e9 }, 1e15, day)).toEqual({ from: day.to - 10e9, to: day.to })
})

test('a span longer than the bounds is cut to them', () => {
  expect(clamp({ from: -5e9, to: 1e15 }, day)).toEqual(day)
})

test('reveal moves the span only if the instant is not well inside', () => {
  const span = { from: 10e9, to: 20e9 }
  expect(reveal(span, 15e9, day)).toBe(span)
  expect(reveal(span, 50e9, day)).toEqual({ from: 45e9, to: 55e9 })
})
