import type { JsonObject, JsonValue } from '@bufbuild/protobuf'

import { valueAt } from './config-text'

/**
 * Summary of a config. It shows whatever can be read, since the config may be invalid.
 *
 * `whole` adds the fields that the run form has controls for: window, strategy and throttle.
 */
export function ConfigSummary({ document, whole = false }: { document: JsonObject; whole?: boolean }) {
  const at = (...path: string[]) => words(valueAt(document, path))
  const balances = valueAt(document, ['venue', 'starting_balances'])
  const account =
    typeof balances === 'object' && balances !== null
      ? Object.entries(balances).map(([currency, balance]) => `${words(balance)} ${currency}`)
      : [`${at('venue', 'starting_balance')} ${at('venue', 'base_currency')}`]
  const mode = valueAt(document, ['strategy', 'submission_mode'])
  const strategy = [at('strategy', 'name'), ...(mode === undefined ? [] : [words(mode).replaceAll('_', ' ')])].join(
    ' · ',
  )
  const facts: [string, string][] = [
    ['Instrument', at('instrument', 'id')],
    ['Account', [at('venue', 'account_type'), at('venue', 'oms_type'), ...account].join(' · ')],
    ['Fees', `${at('venue', 'maker_fee')} maker · ${at('venue', 'taker_fee')} taker`],
    ['Decimals', `${at('instrument', 'price_precision')} price · ${at('instrument', 'size_precision')} size`],
    ...(whole
      ? ([
          ['Window', `${at('time_window', 'start')} → ${at('time_window', 'end')}`],
          ['Strategy', strategy],
          ['Throttle', `${at('risk', 'throttling_per_sec')} orders/s`],
        ] satisfies [string, string][])
      : []),
  ]
  return (
    <dl className="grid grid-cols-[auto_minmax(0,1fr)] content-start gap-x-4 gap-y-0.5 text-xs">
      {facts.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="text-faint">{name}</dt>
          <dd className="figures break-words text-muted">{value}</dd>
        </div>
      ))}
    </dl>
  )
}

function words(value: JsonValue | undefined): string {
  if (typeof value === 'number') return value.toLocaleString('en-US', { maximumFractionDigits: 10 })
  return typeof value === 'string' ? value : '–'
}
