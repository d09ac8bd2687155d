import type { Order } from '@/gen/tickreel/v1/report_pb'

import { words } from './table-filters'
import { ORDER_TYPE_WORDS, STATE_WORDS, TIME_IN_FORCE_WORDS } from './words'

/** Type and time in force of an order: limit · IOC. Empty in results of earlier versions. */
export function typeOf({ orderType, timeInForce }: Order): string {
  return [ORDER_TYPE_WORDS[orderType], TIME_IN_FORCE_WORDS[timeInForce]].filter(Boolean).join(' · ')
}

/** Type of an order with its flags and its parent, in words. */
export function terms(order: Order): string[] {
  const { postOnly, reduceOnly, quoteQuantity, parentOrderId, updates, tags } = order
  return [
    typeOf(order),
    postOnly ? 'post only' : '',
    reduceOnly ? 'reduce only' : '',
    quoteQuantity ? 'size in quote currency' : '',
    parentOrderId === undefined ? '' : `parent ${parentOrderId}`,
    updates > 0n ? `${updates} ${updates === 1n ? 'change' : 'changes'}` : '',
    tags,
  ].filter(Boolean)
}

/** Status of an order, or its state at the end where that tells more: expired, open or emulated. */
export function stateOf({ status, orderStatus }: Order): string {
  const state = STATE_WORDS[orderStatus]
  return state === undefined || status === 'partially_filled' ? words(status) : state
}
