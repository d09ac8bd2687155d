import { create } from '@bufbuild/protobuf'
import { expect, test } from 'vitest'

import { AggressorSide, type TradeColumns, TradeColumnsSchema } from '@/gen/tickreel/v1/market_data_pb'

import { tradeSeries } from './columns'
import { TickTape, type TradeBytes } from './tick-tape'

const base = 1_715_983_200_123_456_789n

/** A random walk with uneven gaps, negative sizes and times before the base. */
function columns(rows: number) {
  const numbers = Array.from({ length: rows }, (_, i) => i)
  return create(TradeColumnsSchema, {
    pricePrecision: 1,
    sizePrecision: 3,
    tsInit: numbers.map((i) => base - 5n + BigInt(i * i * 7)),
    price: numbers.map((i) => BigInt(660_000 + Math.round(900 * Math.sin(i / 40)) + (i % 3))),
    size: numbers.map((i) => BigInt(i % 50) - 10n),
    side: numbers.map((i) => [AggressorSide.UNSPECIFIED, AggressorSide.BUY, AggressorSide.SELL][i % 3] ?? 0),
  })
}

function asBytes({ pricePrecision, sizePrecision, ...columns }: TradeColumns): TradeBytes {
  const words = (integers: bigint[]) => new Uint8Array(BigInt64Array.from(integers).buffer)
  return {
    pricePrecision,
    sizePrecision,
    tsInit: words(columns.tsInit),
    price: words(columns.price),
    size: words(columns.size),
    side: Uint8Array.from(columns.side),
  }
}

function tape(rows: number, chunk = rows): TickTape {
  const result = new TickTape(base, rows)
  const all = columns(rows)
  for (let at = 0; at < rows; at += chunk) {
    const { tsInit, price, size, side } = all
    const part = { tsInit, price, size, side }
    const cut = Object.fromEntries(Object.entries(part).map(([name, column]) => [name, column.slice(at, at + chunk)]))
    result.append(asBytes(create(TradeColumnsSchema, { ...all, ...cut })))
  }
  return result
}

test('bytes decode to the values of the generated message, to the nanosecond', () => {
  const { trades, complete } = tape(1_000, 300).sample({ from: -10, to: Number.MAX_SAFE_INTEGER - 1 }, 1_000)
  expect(complete).toBe(true)
  expect(trades).toEqual(tradeSeries(columns(1_000), base))
})

test('a sample keeps the first, the last and the extremes', () => {
  const rows = 10_000
  const all = tradeSeries(columns(rows), base)
  const span = { from: all.ts[0] ?? 0, to: all.ts.at(-1) ?? 0 }
  const { trades, complete } = tape(rows).sample(span, 400)
  expect(complete).toBe(false)
  expect(trades.ts.length).toBeLessThanOrEqual(400)
  expect([trades.ts[0], trades.ts.at(-1)]).toEqual([span.from, span.to])
  expect(Math.min(...trades.price)).toBe(Math.min(...all.price))
  expect(Math.max(...trades.price)).toBe(Math.max(...all.price))
  expect([...trades.ts]).toEqual([...trades.ts].sort((a, b) => a - b))
})

test('columns of unequal length or beyond the total are refused', () => {
  const chunk = asBytes(columns(10))
  expect(() => {
    new TickTape(base, 9).append(chunk)
  }).toThrow(RangeError)
  expect(() => {
    new TickTape(base, 10).append({ ...chunk, side: chunk.side.subarray(1) })
  }).toThrow('differ in length')
})

test('a sample of an empty span can be transferred repeatedly', () => {
  const held = tape(10)
  for (const span of [
    { from: -100, to: -50 },
    { from: 8, to: 10 },
  ]) {
    const { trades, complete } = held.sample(span, 100)
    const { ts, price, size, side } = trades
    structuredClone(trades, { transfer: [ts.buffer, price.buffer, size.buffer, side.buffer] })
    expect([ts.byteLength, complete]).toEqual([0, true])
  }
})
