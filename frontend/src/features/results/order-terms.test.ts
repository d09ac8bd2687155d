import { create } from '@bufbuild/protobuf'
import { expect, test } from 'vitest'

import { OrderStatus, OrderType, TimeInForce } from '@/gen/tickreel/v1/order_pb'
import { OrderSchema } from '@/gen/tickreel/v1/report_pb'

import { stateOf, terms, typeOf } from './order-terms'

test('an order shows its type, its flags and its parent', () => {
  const order = create(OrderSchema, {
    orderType: OrderType.STOP_LIMIT,
    timeInForce: TimeInForce.GTC,
    reduceOnly: true,
    parentOrderId: 7n,
    updates: 2n,
    tags: 'STOP_LOSS',
  })
  expect(typeOf(order)).toBe('stop limit · GTC')
  expect(terms(order)).toEqual(['stop limit · GTC', 'reduce only', 'parent 7', '2 changes', 'STOP_LOSS'])
})

test('an order of an earlier version has no type and no terms', () => {
  const order = create(OrderSchema, { status: 'filled' })
  expect(typeOf(order)).toBe('')
  expect(terms(order)).toEqual([])
  expect(stateOf(order)).toBe('filled')
})

test('the state of the engine is shown where it tells more than the status', () => {
  const shown = (status: string, orderStatus: OrderStatus) => stateOf(create(OrderSchema, { status, orderStatus }))
  expect(shown('in_flight', OrderStatus.OPEN)).toBe('open')
  expect(shown('in_flight', OrderStatus.IN_FLIGHT)).toBe('in flight')
  expect(shown('cancelled', OrderStatus.EXPIRED)).toBe('expired')
  expect(shown('partially_filled', OrderStatus.CANCELLED)).toBe('partially filled')
  expect(shown('partially_filled', OrderStatus.EXPIRED)).toBe('partially filled')
})
