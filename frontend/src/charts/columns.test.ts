import { create } from '@bufbuild/protobuf'
import { expect, test } from 'vitest'

import { AggressorSide, TradeColumnsSchema } from '@/gen/tickreel/v1/market_data_pb'

import { append, indexAt, NO_TRADES, splice, tradeSeries } from './columns'

const base = 1_715_983_200_123_456_789n

test('trades are scaled and count nanoseconds from the base', () => {
  const series = tradeSeries(
    create(TradeColumnsSchema, {
      pricePrecision: 1,
      sizePrecision: 3,
      tsInit: [base, base + 1n],
      price: [660_005n, 660_010n],
      size: [1n, 2_500n],
      side: [AggressorSide.BUY, AggressorSide.SELL],
    }),
    base,
  )
  expect([...series.ts]).toEqual([0, 1])
  expect([...series.price]).toEqual([66_000.5, 66_001])
  expect([...series.size]).toEqual([0.001, 2.5])
  expect([...series.side]).toEqual([1, -1])
})

test('indexAt finds the last entry at or before an instant', () => {
  const ts = Float64Array.of(10, 20, 20, 30)
  expect([5, 10, 25, 20, 99].map((at) => indexAt(ts, at))).toEqual([-1, 0, 2, 2, 3])
})

function trades(...ts: number[]) {
  const numbers = Float64Array.from(ts)
  return {
    ts: numbers,
    price: numbers,
    size: numbers,
    side: Int8Array.from(ts, () => 1),
    pricePrecision: 1,
    sizePrecision: 3,
  }
}

test('the detail replaces the same span of the overview', () => {
  const joined = splice(trades(0, 10, 20, 30, 40), trades(12, 13, 20, 28))
  expect([...joined.ts]).toEqual([0, 12, 13, 20, 28, 30, 40])
  expect(joined.side).toHaveLength(7)
  expect(joined.pricePrecision).toBe(1)
})

test('without a detail the overview is drawn', () => {
  const whole = trades(0, 10)
  expect(splice(whole, NO_TRADES)).toBe(whole)
})

test('live points are appended', () => {
  const point = (at: number) => ({
    ts: Float64Array.of(at),
    equity: Float64Array.of(at * 2),
    drawdown: Float64Array.of(0),
    position: Float64Array.of(1),
  })
  expect([...append(point(1), point(2)).equity]).toEqual([2, 4])
})
