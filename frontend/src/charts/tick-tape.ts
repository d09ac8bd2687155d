import type { TradeSeries } from './columns'
import type { Span } from './span'

/** Trade columns in wire format: little-endian, 8 bytes per value, one byte per side. */
export interface TradeBytes {
  readonly pricePrecision: number
  readonly sizePrecision: number
  readonly tsInit: Uint8Array
  readonly price: Uint8Array
  readonly size: Uint8Array
  readonly side: Uint8Array
}

const WORD = 2 ** 32

/** All ticks of a run in typed arrays, 25 bytes each, so that charts can be sampled without a service call. */
export class TickTape {
  rows = 0
  private readonly ts: Float64Array
  private readonly price: Float64Array
  private readonly size: Float64Array
  private readonly side: Int8Array
  private precision = { pricePrecision: 0, sizePrecision: 0 }

  /**
   * @param base Origin of times, in UNIX nanoseconds.
   * @param total Number of rows to come.
   */
  constructor(
    private readonly base: bigint,
    readonly total: number,
  ) {
    this.ts = new Float64Array(total)
    this.price = new Float64Array(total)
    this.size = new Float64Array(total)
    this.side = new Int8Array(total)
  }

  /** Append rows. Throws RangeError if the columns differ in length or exceed the total. */
  append({ tsInit, price, size, side, pricePrecision, sizePrecision }: TradeBytes): void {
    const rows = tsInit.length / 8
    if (price.length !== rows * 8 || size.length !== rows * 8 || side.length !== rows) {
      throw new RangeError('columns of a chunk differ in length')
    }
    if (this.rows + rows > this.total) throw new RangeError(`more rows than the ${this.total} announced`)
    const end = this.rows + rows
    readWords(tsInit, this.ts.subarray(this.rows, end), this.base, 1)
    readWords(price, this.price.subarray(this.rows, end), 0n, 10 ** pricePrecision)
    readWords(size, this.size.subarray(this.rows, end), 0n, 10 ** sizePrecision)
    const signs = this.side.subarray(this.rows, end)
    // AggressorSide: 1 buyer, 2 seller. A plain loop: a closure call per row costs as much as a whole column.
    for (let row = 0; row < rows; row++) signs[row] = side[row] === 2 ? -1 : (side[row] ?? 0)
    this.rows = end
    this.precision = { pricePrecision, sizePrecision }
  }

  /**
   * Sample the rows of a span for drawing. Returns all rows if there are at most `points`. Otherwise it divides the span into
   * equal parts and keeps the first, last, lowest and highest row of each, as the service does. The arrays are new, so that a
   * worker can transfer them.
   */
  sample(span: Span, points: number): { trades: TradeSeries; complete: boolean } {
    const first = this.search(span.from)
    const end = this.search(span.to + 1)
    if (end - first <= points) return { trades: this.take(first, end), complete: true }
    const parts = Math.max(1, points >> 2)
    const kept: number[] = []
    let row = first
    for (let part = 1; part <= parts && row < end; part++) {
      const until = part === parts ? end : this.search(span.from + ((span.to - span.from) * part) / parts)
      if (until > row) kept.push(...this.extremes(row, until))
      row = Math.max(row, until)
    }
    return { trades: this.pick(kept), complete: false }
  }

  /** First, lowest, highest and last row of a part, in order and without repeats. */
  private extremes(first: number, end: number): number[] {
    const { price } = this
    let low = first
    let high = first
    for (let row = first; row < end; row++) {
      if ((price[row] ?? 0) < (price[low] ?? 0)) low = row
      if ((price[row] ?? 0) > (price[high] ?? 0)) high = row
    }
    return [...new Set([first, Math.min(low, high), Math.max(low, high), end - 1])]
  }

  /** Index of the first row at or after an instant. */
  private search(at: number): number {
    let low = 0
    let high = this.rows
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.ts[middle] ?? Infinity) < at) low = middle + 1
      else high = middle
    }
    return low
  }

  private take(first: number, end: number): TradeSeries {
    return {
      ts: this.ts.slice(first, end),
      price: this.price.slice(first, end),
      size: this.size.slice(first, end),
      side: this.side.slice(first, end),
      ...this.precision,
    }
  }

  private pick(rows: readonly number[]): TradeSeries {
    const column = (values: Float64Array) => Float64Array.from(rows, (row) => values[row] ?? NaN)
    return {
      ts: column(this.ts),
      price: column(this.price),
      size: column(this.size),
      side: Int8Array.from(rows, (row) => this.side[row] ?? 0),
      ...this.precision,
    }
  }
}

/** Decode 64-bit integers as (value - base) / scale, in two halves: the difference fits a double, the integer does not. */
function readWords(bytes: Uint8Array, into: Float64Array, base: bigint, scale: number): void {
  const { lows, highs } = aligned(bytes)
  const baseLow = Number(base & 0xffffffffn)
  const baseHigh = Number(base >> 32n)
  for (let row = 0; row < into.length; row++) {
    into[row] = (((highs[2 * row + 1] ?? 0) - baseHigh) * WORD + ((lows[2 * row] ?? 0) - baseLow)) / scale
  }
}

/** Low and high halves of 64-bit words. Words may be unaligned in a message, so they are copied to a reused aligned buffer. */
function aligned(bytes: Uint8Array): { lows: Uint32Array; highs: Int32Array } {
  if (place.byteLength < bytes.byteLength) place = new ArrayBuffer(bytes.byteLength)
  new Uint8Array(place).set(bytes)
  return { lows: new Uint32Array(place), highs: new Int32Array(place) }
}

let place = new ArrayBuffer(0)
