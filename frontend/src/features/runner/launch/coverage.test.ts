import { create } from '@bufbuild/protobuf'
import { expect, it } from 'vitest'

import { DatasetSchema } from '@/gen/tickreel/v1/catalog_service_pb'
import { DataType } from '@/gen/tickreel/v1/market_data_pb'
import { isoInstant, secondsAndNanos } from '@/ui/format/instant'

import { CoverageAxis, coverageOf, MINUTE, SECOND } from './coverage'
import { readTyped } from './typed-instant'

const BTC = 'X:PERPETUAL:BTC-USDT'

function at(text: string) {
  return readTyped(text) ?? 0n
}

function dataset(date: string, from: string, to: string) {
  const span = { start: secondsAndNanos(at(`${date}T${from}`)), end: secondsAndNanos(at(`${date}T${to}`)) }
  return create(DatasetSchema, {
    datasetId: `day-${date}`,
    date,
    files: [
      { instrument: BTC, dataType: DataType.TRADES, rows: 10n, span },
      { instrument: BTC, dataType: DataType.BOOK_SNAPSHOT_5, rows: 20n },
      { instrument: 'X:PERPETUAL:ETH-USDT', dataType: DataType.TRADES, rows: 99n, span },
    ],
  })
}

const DAYS = coverageOf([dataset('2024-07-18', '10:00', '12:00'), dataset('2024-05-17', '22:00', '23:00')], BTC)

it('has the days of the instrument in order of time, without files that have no span', () => {
  expect(DAYS.map(({ date, tradeRows, bookRows, books }) => [date, tradeRows, bookRows, books])).toEqual([
    ['2024-05-17', 10n, 20n, undefined],
    ['2024-07-18', 10n, 20n, undefined],
  ])
  expect(coverageOf([dataset('2024-05-17', '22:00', '23:00')], 'Y')).toEqual([])
})

it('gives each day the same width and gaps none', () => {
  const axis = new CoverageAxis(DAYS)
  const places = ['2024-01-01', '2024-05-17T22:30', '2024-06-01', '2024-07-18T11:00', '2025-01-01'].map((text) =>
    axis.toFraction(at(text)),
  )
  expect(places).toEqual([0, 0.25, 0.5, 0.75, 1])
})

it('maps a position to an instant in whole steps, within the data', () => {
  const axis = new CoverageAxis(DAYS)
  expect(isoInstant(axis.toInstant(0.2501, MINUTE))).toBe('2024-05-17T22:30:00Z')
  expect(isoInstant(axis.toInstant(-1, MINUTE))).toBe('2024-05-17T22:00:00Z')
  expect(isoInstant(axis.toInstant(2, MINUTE))).toBe('2024-07-18T12:00:00Z')
  expect(axis.stepOf(500)).toBe(15n * SECOND)
})
