import { formatDecimal } from './decimal'
import { formatFigure } from './figure'
import { formatNumber } from './number'

/** Decimals of what is no money of a state and worth no unit of one: eight, as exchanges count coins. */
const COIN_DECIMALS = 8

const ofStates = new Set(Intl.supportedValuesOf('currency'))

/** Decimals in which people count a currency: dollars and what stands for them to the cent, coins to a hundred-millionth. */
export function moneyDecimals(currency: string): number {
  if (currency.includes('USD') || currency === 'DAI') return 2
  if (!ofStates.has(currency)) return COIN_DECIMALS
  return new Intl.NumberFormat('en-US', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2
}

/**
 * An amount of a currency without its name: 1,234.50.
 *
 * Only zero reads as zero. An amount below a cent has a coin's decimals, a smaller one as many as show three digits of it.
 */
export function formatMoney(value: string, currency: string, { signed = false } = {}): string {
  for (const decimals of [moneyDecimals(currency), COIN_DECIMALS]) {
    const shown = formatDecimal(value, { decimals, signed })
    if (!isNothing(shown) || isNothing(value)) return shown
  }
  return formatFigure(Number(value), COIN_DECIMALS, { signed })
}

/** The same of an amount that is a double, as charts have them. */
export function formatAmount(value: number, currency: string): string {
  const shown = formatNumber(value, moneyDecimals(currency))
  return isNothing(shown) && value !== 0 && Number.isFinite(value) ? formatFigure(value, COIN_DECIMALS) : shown
}

function isNothing(text: string): boolean {
  return !/[1-9]/.test(text.replace(/e.*/i, ''))
}
