import { describe, expect, test } from 'vitest'

import { leadingContext, timeTicks } from './time-axis'

/** 2024-05-17 22:00:00.123456789 UTC. */
const base = 1_715_983_200_123_456_789n
const at = (text: string, nanoseconds = 0) => Number(BigInt(Date.parse(text)) * 1_000_000n - base) + nanoseconds

describe('ticks', () => {
  test('of four hours are half hours, with the date where it changes', () => {
    const span = { from: at('2024-05-17T22:00:00Z'), to: at('2024-05-18T02:00:00Z') }
    const ticks = timeTicks(span, base, 10)
    expect(ticks.map(({ label }) => label)).toEqual('22:00 22:30 23:00 23:30 00:00 00:30 01:00 01:30 02:00'.split(' '))
    expect(ticks.flatMap(({ turn }) => turn ?? [])).toEqual(['2024-05-18'])
    expect(leadingContext(span, base, 10)).toBe('2024-05-17')
  })

  test('of a microsecond are nanoseconds in the context of their microsecond', () => {
    const from = at('2024-05-17T22:00:01.500Z', 250_000)
    const ticks = timeTicks({ from, to: from + 1_000 }, base, 6)
    expect(ticks.map(({ label }) => label)).toEqual(['000 ns', '200 ns', '400 ns', '600 ns', '800 ns', '000 ns'])
    expect(ticks[0]?.context).toBe('2024-05-17 22:00:01.500 250')
    expect(ticks.at(-1)?.turn).toBe('.500 251')
  })

  test.each([1_000, 7e5, 3e8, 2e10, 9e12, 4e15])(
    'of %d ns are inside, evenly spaced, and no more than requested',
    (size) => {
      const span = { from: 12_345, to: 12_345 + size }
      const ticks = timeTicks(span, base, 8)
      const gaps = ticks.slice(1).map((tick, i) => tick.at - (ticks[i]?.at ?? NaN))
      expect(ticks.length).toBeGreaterThan(1)
      expect(ticks.length).toBeLessThanOrEqual(9)
      expect(new Set(gaps).size).toBe(1)
      expect(ticks.every((tick) => tick.at >= span.from && tick.at <= span.to)).toBe(true)
    },
  )
})
