import { formatDecimal } from './decimal'
import { formatFigure } from './figure'
import { formatNumber } from './number'

/** Decimals of a currency that is neither fiat nor pegged to one: eight, as exchanges count coins. */
const COIN_DECIMALS = 8

const fiat = new Set(Intl.supportedValuesOf('currency'))

/** Usual decimals of a currency: two for dollars and dollar stablecoins, those of ISO 4217 for other fiat, eight for coins. */
export function moneyDecimals(currency: string): number {
  if (currency.includes('USD') || currency === 'DAI') return 2
  if (!fiat.has(currency)) return COIN_DECIMALS
  return new Intl.NumberFormat('en-US', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2
}

/**
 * Format an amount without the name of its currency: 1,234.50.
 *
 * Only zero is shown as zero. An amount below a cent gets eight decimals, a smaller one enough for three significant digits.
 */
export function formatMoney(value: string, currency: string, { signed = false } = {}): string {
  for (const decimals of [moneyDecimals(currency), COIN_DECIMALS]) {
    const shown = formatDecimal(value, { decimals, signed })
    if (!isNothing(shown) || isNothing(value)) return shown
  }
  return formatFigure(Number(value), COIN_DECIMALS, { signed })
}

/** Like formatMoney, for an amount that is a double, as in charts. */
export function formatAmount(value: number, currency: string): string {
  const shown = formatNumber(value, moneyDecimals(currency))
  return isNothing(shown) && value !== 0 && Number.isFinite(value) ? formatFigure(value, COIN_DECIMALS) : shown
}

function isNothing(text: string): boolean {
  return !/[1-9]/.test(text.replace(/e.*/i, ''))
}
