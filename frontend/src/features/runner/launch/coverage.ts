import type { Dataset } from '@/gen/tickreel/v1/catalog_service_pb'
import { DataType, type TimeWindow } from '@/gen/tickreel/v1/market_data_pb'

import { instantOf, type Nanoseconds } from '@/ui/format/instant'

/** A time span, both ends inclusive. */
export interface Span {
  start: Nanoseconds
  end: Nanoseconds
}

/** Data of one instrument in a day folder. */
export interface Day extends Span {
  datasetId: string
  date: string
  trades: Span | undefined
  books: Span | undefined
  tradeRows: bigint
  bookRows: bigint
}

/** Days with data of an instrument (by raw name), in order of time. Folders without a date are left out. */
export function coverageOf(datasets: readonly Dataset[], rawName: string): Day[] {
  const days = datasets.flatMap(({ datasetId, date, files }) => {
    const mine = files.filter((file) => file.instrument === rawName)
    const trades = mine.filter((file) => file.dataType === DataType.TRADES)
    const books = mine.filter((file) => file.dataType === DataType.BOOK_SNAPSHOT_5)
    const span = around(mine.map((file) => file.span))
    if (span === undefined || date === '') return []
    return [
      {
        ...span,
        datasetId,
        date,
        trades: around(trades.map((file) => file.span)),
        books: around(books.map((file) => file.span)),
        tradeRows: total(trades),
        bookRows: total(books),
      },
    ]
  })
  return days.sort((one, other) => (one.start < other.start ? -1 : 1))
}

/**
 * Axis of the coverage bar, from 0 to 1. All days have the same width and span their recorded part, since recordings may be
 * minutes of days that are months apart. The gap between two days has no width.
 */
export class CoverageAxis {
  constructor(private readonly days: readonly Day[]) {}

  /** Position of an instant. */
  toFraction(instant: Nanoseconds): number {
    const index = this.days.findIndex((day) => instant <= day.end)
    const day = this.days[index]
    if (day === undefined) return 1
    const inside = day.end === day.start ? 0 : Number(instant - day.start) / Number(day.end - day.start)
    return (index + Math.max(inside, 0)) / this.days.length
  }

  /** Instant at a position, rounded to whole steps (nanoseconds). */
  toInstant(fraction: number, step: Nanoseconds): Nanoseconds {
    const place = Math.min(Math.max(fraction, 0), 1) * this.days.length
    const index = Math.min(Math.floor(place), this.days.length - 1)
    const day = this.days[index]
    if (day === undefined) return 0n
    const instant = day.start + BigInt(Math.round(Number(day.end - day.start) * (place - index)))
    const rounded = ((instant + step / 2n) / step) * step
    if (rounded <= day.start) return day.start
    return rounded >= day.end ? day.end : rounded
  }

  /** Step for dragging on a bar of this width in pixels: one second, or more if a pixel is longer. */
  stepOf(pixels: number): Nanoseconds {
    const longest = this.days.reduce((most, { start, end }) => (end - start > most ? end - start : most), 0n)
    const pixel = (longest * BigInt(this.days.length)) / BigInt(Math.max(Math.round(pixels), 1))
    return STEPS.find((step) => step * 2n >= pixel) ?? HOUR
  }
}

export const SECOND = 1_000_000_000n
export const MINUTE = 60n * SECOND
export const HOUR = 60n * MINUTE
const STEPS = [SECOND, 5n * SECOND, 15n * SECOND, MINUTE, 5n * MINUTE, 15n * MINUTE, HOUR]

function around(spans: readonly (TimeWindow | undefined)[]): Span | undefined {
  return spans.reduce<Span | undefined>((whole, span) => {
    if (span?.start === undefined || span.end === undefined) return whole
    const [start, end] = [instantOf(span.start), instantOf(span.end)]
    if (whole === undefined) return { start, end }
    return { start: start < whole.start ? start : whole.start, end: end > whole.end ? end : whole.end }
  }, undefined)
}

function total(files: readonly { rows: bigint }[]): bigint {
  return files.reduce((sum, { rows }) => sum + rows, 0n)
}
