import type { QuoteColumns, TradeColumns } from '@/gen/tickreel/v1/market_data_pb'
import type { EquityColumns } from '@/gen/tickreel/v1/report_pb'

/** The account over time, ready to draw. `ts` is in nanoseconds from a base, as in all chart code. */
export interface EquitySeries {
  readonly ts: Float64Array
  readonly equity: Float64Array
  readonly drawdown: Float64Array
  readonly position: Float64Array
}

/** Trades, ready to draw. `side` is 1 for a buying aggressor, -1 for a selling one, 0 if unknown. */
export interface TradeSeries {
  readonly ts: Float64Array
  readonly price: Float64Array
  readonly size: Float64Array
  readonly side: Int8Array
  /** Number of decimals of prices and of sizes. */
  readonly pricePrecision: number
  readonly sizePrecision: number
}

/** Best bids and asks, ready to draw; NaN where the book side is empty. */
export interface QuoteSeries {
  readonly ts: Float64Array
  readonly bid: Float64Array
  readonly ask: Float64Array
}

type Series = EquitySeries | TradeSeries | QuoteSeries

const none = new Float64Array()

export const NO_EQUITY: EquitySeries = { ts: none, equity: none, drawdown: none, position: none }
export const NO_TRADES: TradeSeries = {
  ts: none,
  price: none,
  size: none,
  side: new Int8Array(),
  pricePrecision: 0,
  sizePrecision: 0,
}
export const NO_QUOTES: QuoteSeries = { ts: none, bid: none, ask: none }

export function equitySeries(columns: EquityColumns | undefined, base: bigint): EquitySeries {
  if (!columns) return NO_EQUITY
  return {
    ts: offsets(columns.ts, base),
    equity: Float64Array.from(columns.equity),
    drawdown: Float64Array.from(columns.drawdown),
    position: Float64Array.from(columns.position),
  }
}

export function tradeSeries(columns: TradeColumns | undefined, base: bigint): TradeSeries {
  if (!columns) return NO_TRADES
  return {
    ts: offsets(columns.tsInit, base),
    price: Float64Array.from(columns.price, decimal(columns.pricePrecision)),
    size: Float64Array.from(columns.size, decimal(columns.sizePrecision)),
    side: Int8Array.from(columns.side, aggressorSign),
    pricePrecision: columns.pricePrecision,
    sizePrecision: columns.sizePrecision,
  }
}

export function quoteSeries(columns: QuoteColumns | undefined, base: bigint): QuoteSeries {
  if (!columns) return NO_QUOTES
  const value = decimal(columns.pricePrecision)
  const best = (price: bigint) => (price < 0n ? NaN : value(price))
  return {
    ts: offsets(columns.tsInit, base),
    bid: Float64Array.from(columns.bid, best),
    ask: Float64Array.from(columns.ask, best),
  }
}

/** Sign of an AggressorSide: 1 buyer, -1 seller, 0 unknown. */
export function aggressorSign(side: number): number {
  return side === 1 ? 1 : side === 2 ? -1 : 0
}

export function offsets(instants: bigint[], base: bigint): Float64Array {
  return Float64Array.from(instants, (instant) => Number(instant - base))
}

/** Return a function that converts a scaled integer to a number. */
export function decimal(precision: number): (integer: bigint) => number {
  const scale = 10 ** precision
  return (integer) => Number(integer) / scale
}

/** Index of the last entry at or before `at`, -1 if there is none. */
export function indexAt(ts: Float64Array, at: number): number {
  let low = 0
  let high = ts.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((ts[middle] ?? Infinity) <= at) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** The overview with the detail inserted where it has one, so that a view that has just moved is never blank. */
export function splice<S extends Series>(whole: S, detail: S): S {
  if (detail.ts.length === 0) return whole
  const before = Math.max(indexAt(whole.ts, detail.ts[0] ?? 0), 0)
  const after = indexAt(whole.ts, detail.ts.at(-1) ?? 0) + 1
  const join = <Column extends Float64Array | Int8Array>(around: Column, within: Column): Column => {
    const length = before + within.length + around.length - after
    const column = (around instanceof Int8Array ? new Int8Array(length) : new Float64Array(length)) as Column
    column.set(around.subarray(0, before))
    column.set(within, before)
    column.set(around.subarray(after), before + within.length)
    return column
  }
  const entries = Object.entries(detail).map(([name, within]: [string, Float64Array | Int8Array | number]) => {
    const around: unknown = whole[name as keyof S]
    return [name, typeof within === 'number' ? within : join(around as typeof within, within)]
  })
  return Object.fromEntries(entries) as S
}

/** Concatenate two series; used to append live points. */
export function append(before: EquitySeries, after: EquitySeries): EquitySeries {
  const join = (a: Float64Array, b: Float64Array) => {
    const result = new Float64Array(a.length + b.length)
    result.set(a)
    result.set(b, a.length)
    return result
  }
  return {
    ts: join(before.ts, after.ts),
    equity: join(before.equity, after.equity),
    drawdown: join(before.drawdown, after.drawdown),
    position: join(before.position, after.position),
  }
}
