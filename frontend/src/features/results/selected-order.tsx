import { ChevronLeft, ChevronRight, X } from 'lucide-react'

import type { Order } from '@/gen/tickreel/v1/report_pb'
import { IconButton } from '@/ui/button'
import { formatDecimal } from '@/ui/format/decimal'
import { formatTime, instantOf } from '@/ui/format/instant'
import { Side } from '@/ui/side'

import { recordedPlace } from './recorded-place'
import { stateOf, terms, typeOf } from './order-terms'

/** A fact, if the order has it. */
function known(name: string, value: string): [string, string][] {
  return value === '' ? [] : [[name, value]]
}

interface SelectedOrderProps {
  order: Order
  onStep: (direction: 1 | -1) => void
  onClear: () => void
}

/** Details of the selected order, with buttons for the previous and next one. */
export function SelectedOrder({ order, onStep, onClear }: SelectedOrderProps) {
  const facts: [string, string][] = [
    ['Submitted', order.tsSubmitted ? formatTime(instantOf(order.tsSubmitted), 'ns') : '–'],
    ...recordedPlace(order),
    ['Ended', order.tsClosed ? formatTime(instantOf(order.tsClosed), 'ns') : '–'],
    ...known('Type', typeOf(order)),
    ['Price', order.price ? formatDecimal(order.price) : 'market'],
    ...known('Initial price', formatDecimal(order.initialPrice)),
    ...known('Trigger price', formatDecimal(order.triggerPrice)),
    ['Size', formatDecimal(order.amount)],
    ...known('Initial size', formatDecimal(order.initialAmount)),
    ['Filled', formatDecimal(order.filledAmount)],
    ['Average', order.averagePrice ? formatDecimal(order.averagePrice) : '–'],
    ['Fees', formatDecimal(order.fees)],
    ['Status', stateOf(order)],
    ...known('Terms', terms(order).slice(1).join(', ')),
    ...known('Engine id', order.clientOrderId),
  ]
  return (
    <section aria-label="Selected order" className="border-b border-line px-4 py-2">
      <header className="flex items-center gap-2">
        <h2 className="text-sm font-medium">{`Order ${order.id}`}</h2>
        <span className="text-xs">
          <Side side={order.side as 'buy' | 'sell'} />
        </span>
        <span className="-mr-2 ml-auto flex">
          <IconButton
            Icon={ChevronLeft}
            label="Previous order"
            onClick={() => {
              onStep(-1)
            }}
          />
          <IconButton
            Icon={ChevronRight}
            label="Next order"
            onClick={() => {
              onStep(1)
            }}
          />
          <IconButton Icon={X} label="Deselect order" onClick={onClear} />
        </span>
      </header>
      <dl>
        {facts.map(([name, value]) => (
          <div key={name} className="flex items-baseline gap-3 text-xs leading-5">
            <dt className="text-muted">{name}</dt>
            <dd className="figures ml-auto">{value}</dd>
          </div>
        ))}
      </dl>
      {order.reason && <p className="mt-1 text-xs text-muted">{order.reason}</p>}
    </section>
  )
}
