import type { TradeSeries } from './columns'
import type { Span } from './span'

/** Columns of trades as they are on the wire: little-endian, 8 bytes a value, one byte a side. */
export interface TradeBytes {
  readonly pricePrecision: number
  readonly sizePrecision: number
  readonly tsInit: Uint8Array
  readonly price: Uint8Array
  readonly size: Uint8Array
  readonly side: Uint8Array
}

const WORD = 2 ** 32

/** Every tick of a run in typed arrays, 25 bytes each: what a chart asks for is found here without a service. */
export class TickTape {
  rows = 0
  private readonly ts: Float64Array
  private readonly price: Float64Array
  private readonly size: Float64Array
  private readonly side: Int8Array
  private precision = { pricePrecision: 0, sizePrecision: 0 }

  /**
   * @param base The instant that times count from, UNIX nanoseconds.
   * @param total How many rows there will be.
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

  /** Adds the next rows. Throws a RangeError where the columns differ in length, or where there is no room for them. */
  append({ tsInit, price, size, side, pricePrecision, sizePrecision }: TradeBytes): void {
    const rows = tsInit.length / 8
    if (price.length !== rows * 8 || size.length !== rows * 8 || side.length !== rows) {
      throw new RangeError('the columns of a chunk differ in length')
    }
    if (this.rows + rows > this.total) throw new RangeError(`there are more than the ${this.total} rows announced`)
    const end = this.rows + rows
    readWords(tsInit, this.ts.subarray(this.rows, end), this.base, 1)
    readWords(price, this.price.subarray(this.rows, end), 0n, 10 ** pricePrecision)
    readWords(size, this.size.subarray(this.rows, end), 0n, 10 ** sizePrecision)
    const signs = this.side.subarray(this.rows, end)
    // AggressorSide: 1 bought, 2 sold. A loop, as a closure called for each row costs as much as a column.
    for (let row = 0; row < rows; row++) signs[row] = side[row] === 2 ? -1 : (side[row] ?? 0)
    this.rows = end
    this.precision = { pricePrecision, sizePrecision }
  }

  /**
   * The rows of a span as a chart draws them: all where there are no more than `points`, else of each of equal parts of the
   * time the first, the last, the lowest and the highest, as the service keeps them. The arrays are new, so that a worker may
   * give them away.
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

  /** The first, lowest, highest and last row of a part, in order and each once. */
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

  /** The first row at or after an instant. */
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

/** Reads 64-bit integers less a base, divided by a scale, in two halves: the difference fits a double, the integer does not. */
function readWords(bytes: Uint8Array, into: Float64Array, base: bigint, scale: number): void {
  const { lows, highs } = aligned(bytes)
  const baseLow = Number(base & 0xffffffffn)
  const baseHigh = Number(base >> 32n)
  for (let row = 0; row < into.length; row++) {
    into[row] = (((highs[2 * row + 1] ?? 0) - baseHigh) * WORD + ((lows[2 * row] ?? 0) - baseLow)) / scale
  }
}

/** The halves of words, which may begin anywhere in a message: they are copied to where numbers can be read, each time the same. */
function aligned(bytes: Uint8Array): { lows: Uint32Array; highs: Int32Array } {
  if (place.byteLength < bytes.byteLength) place = new ArrayBuffer(bytes.byteLength)
  new Uint8Array(place).set(bytes)
  return { lows: new Uint32Array(place), highs: new Int32Array(place) }
}

let place = new ArrayBuffer(0)
