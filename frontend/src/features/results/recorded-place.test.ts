import { create } from '@bufbuild/protobuf'
import { timestampFromMs } from '@bufbuild/protobuf/wkt'
import { expect, test } from 'vitest'

import { OrderSchema } from '@/gen/tickreel/v1/report_pb'

import { recordedPlace, recordedTitle } from './recorded-place'

const tsRecorded = { ...timestampFromMs(Date.UTC(2024, 6, 18, 12)), nanos: 1_000 }

test('recorded time and trade row are shown, also for row 0', () => {
  const order = create(OrderSchema, { tsRecorded, tradeRow: 0n })
  expect(recordedPlace(order)).toEqual([
    ['Recorded', '12:00:00.000001000'],
    ['Trade row', '0'],
  ])
  expect(recordedTitle(order)).toBe('Recorded 12:00:00.000001000 · Trade row 0')
})

test('an order before the first row has no row', () => {
  expect(recordedTitle(create(OrderSchema, { tsRecorded }))).toBe('Recorded 12:00:00.000001000')
})

test('results written before these fields existed have neither', () => {
  expect(recordedPlace(create(OrderSchema))).toEqual([])
  expect(recordedTitle(create(OrderSchema))).toBeUndefined()
})
