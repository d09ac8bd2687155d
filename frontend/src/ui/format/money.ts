import { formatDecimal } from './decimal'

/** Decimals of what is no money of a state and worth no unit of one: eight, as exchanges count coins. */
const COIN_DECIMALS = 8

const ofStates = new Set(Intl.supportedValuesOf('currency'))

/** Decimals in which people count a currency: dollars and what stands for them to the cent, coins to a hundred-millionth. */
export function moneyDecimals(currency: string): number {
  if (currency.includes('USD') || currency === 'DAI') return 2
  if (!ofStates.has(currency)) return COIN_DECIMALS
  return new Intl.NumberFormat('en-US', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2
}

/** An amount of a currency without its name: 1,234.50. What is less than a cent, and not nothing, has a coin's decimals. */
export function formatMoney(value: string, currency: string, { signed = false } = {}): string {
  const usual = formatDecimal(value, { decimals: moneyDecimals(currency), signed })
  const fine = formatDecimal(value, { decimals: COIN_DECIMALS, signed })
  return isNothing(usual) && !isNothing(fine) ? fine : usual
}

function isNothing(text: string): boolean {
  return !/[1-9]/.test(text)
}
