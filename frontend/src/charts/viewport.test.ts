import { expect, test, vi } from 'vitest'

import { Viewport } from './viewport'

const base = 1_715_983_200_123_456_789n

test('an instant survives the conversion to an offset and back, to the nanosecond', () => {
  const viewport = new Viewport(base, { from: 0, to: 86_400e9 })
  const instant = base + 86_399_999_999_999n
  expect(viewport.instant(viewport.offset(instant))).toBe(instant)
})

test('a view of the whole run grows with the run', () => {
  const viewport = new Viewport(base, { from: 0, to: 10e9 })
  viewport.extend({ from: 0, to: 12e9 })
  expect(viewport.span).toEqual({ from: 0, to: 12e9 })
})

test('a zoomed view stays in place while the run grows', () => {
  const viewport = new Viewport(base, { from: 0, to: 10e9 })
  viewport.show({ from: 2e9, to: 3e9 })
  viewport.extend({ from: 0, to: 12e9 })
  expect(viewport.span).toEqual({ from: 2e9, to: 3e9 })
})

test('subscribers are notified of changes only', () => {
  const viewport = new Viewport(base, { from: 0, to: 10e9 })
  const listener = vi.fn()
  const unsubscribe = viewport.subscribe(listener)
  viewport.show({ from: 1e9, to: 2e9 })
  viewport.show({ from: 1e9, to: 2e9 })
  viewport.point(1.5e9)
  viewport.point(1.5e9)
  expect(listener).toHaveBeenCalledTimes(2)
  unsubscribe()
  viewport.fit()
  expect(listener).toHaveBeenCalledTimes(2)
})
