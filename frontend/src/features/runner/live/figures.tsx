import type { ReactNode } from 'react'

import type { LiveFigures, Run } from '@/gen/tickreel/v1/run_pb'
import { formatCount } from '@/ui/format/count'
import { formatDecimal } from '@/ui/format/decimal'
import { formatMoney } from '@/ui/format/money'
import { Skeleton } from '@/ui/skeleton'

/** Live figures of a replay. */
export function Figures({ run }: { run: Run }) {
  const { live } = run
  const currency = live?.currency ?? ''
  // The account is unknown until the first row is settled.
  const settled = live?.accountTs !== undefined
  const show = (text: (live: LiveFigures) => string) => live && text(live)
  const money = (value: string, signed = false) => (settled ? formatMoney(value, currency, { signed }) : '–')
  return (
    <dl
      aria-label="Figures so far"
      className="grid shrink-0 grid-cols-2 gap-px border-b border-line bg-line sm:grid-cols-4 xl:grid-cols-9 [&>div]:bg-ground max-xl:[&>div:last-child]:col-span-full"
    >
      <Figure label={`PnL ${currency}`}>{show(({ pnl }) => money(pnl, true))}</Figure>
      <Figure label={`Equity ${currency}`}>{show(({ equity }) => money(equity))}</Figure>
      <Figure label={`Max drawdown ${currency}`}>{show(({ maxDrawdown }) => money(maxDrawdown))}</Figure>
      <Figure label="Position">{show(({ position }) => (settled ? formatDecimal(position) : '–'))}</Figure>
      <Figure label="Orders">{show(({ orders }) => formatCount(orders))}</Figure>
      <Figure label="Fills">{show(({ fills }) => formatCount(fills))}</Figure>
      <Figure label="Trade rows">{show(({ tradeRows }) => formatCount(tradeRows))}</Figure>
      <Figure label="Book rows">{show(({ bookRows }) => formatCount(bookRows))}</Figure>
      <Figure label="Memory">{show(({ memoryMib }) => `${formatCount(memoryMib)} MiB`)}</Figure>
    </dl>
  )
}

function Figure({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="min-w-0 py-2 pr-2 pl-4">
      <dt className="label truncate">{label}</dt>
      <dd className="figures h-6 truncate text-base 2xl:text-lg">{children ?? <Skeleton width={72} />}</dd>
    </div>
  )
}
