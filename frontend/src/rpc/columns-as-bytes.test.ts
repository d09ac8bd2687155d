import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { expect, test } from 'vitest'

import { AggressorSide, TradeColumnsSchema } from '@/gen/tickreel/v1/market_data_pb'
import { ResultsService, StreamTicksResponseSchema } from '@/gen/tickreel/v1/results_service_pb'

import { columnsAsBytes } from './columns-as-bytes'

test('columns arrive as raw bytes, all other fields unchanged', () => {
  const prices = [660_005n, -1n, 2n ** 62n]
  const sides = [AggressorSide.BUY, AggressorSide.SELL, AggressorSide.UNSPECIFIED]
  const wire = toBinary(
    StreamTicksResponseSchema,
    create(StreamTicksResponseSchema, {
      cursor: 'here',
      totalRows: 3n,
      trades: { pricePrecision: 1, price: prices, side: sides, tradeId: ['a', 'b', 'c'] },
    }),
  )
  const { output } = columnsAsBytes(ResultsService, TradeColumnsSchema).method.streamTicks
  expect(fromBinary(output, wire)).toMatchObject({
    cursor: 'here',
    totalRows: 3n,
    trades: {
      pricePrecision: 1,
      price: new Uint8Array(BigInt64Array.from(prices).buffer),
      side: Uint8Array.from(sides),
      tradeId: ['a', 'b', 'c'],
    },
  })
})

test('requests are unchanged', () => {
  const { input } = columnsAsBytes(ResultsService, TradeColumnsSchema).method.streamTicks
  const wire = toBinary(input, create(input, { runId: 'r', cursor: 'c' }))
  expect(fromBinary(ResultsService.method.streamTicks.input, wire)).toMatchObject({ runId: 'r', cursor: 'c' })
})
