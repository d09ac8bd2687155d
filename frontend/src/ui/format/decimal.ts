/** The minus sign, as wide as a digit in the figures' font. */
const MINUS = '−'

export interface DecimalFormat {
  /** How many decimals to show, rounded half to even; all of them where not set. */
  decimals?: number
  /** Whether a positive value has a plus sign. */
  signed?: boolean
}

/** A decimal string as people read it, `-1234567.80` as `−1,234,567.80`: exact, as no Number is between. */
export function formatDecimal(value: string, { decimals, signed = false }: DecimalFormat = {}): string {
  const shown = decimals === undefined ? value : roundDecimal(value, decimals)
  const negative = shown.startsWith('-')
  const [whole = '', fraction] = shown.replace(/^[-+]/, '').split('.')
  const sign = negative ? MINUS : signed && !isZero(shown) ? '+' : ''
  return sign + whole.replace(/\B(?=(\d{3})+$)/g, ',') + (fraction === undefined ? '' : `.${fraction}`)
}

/** Rounds a decimal string half to even. A value with fewer decimals gets zeros. */
export function roundDecimal(value: string, decimals: number): string {
  const negative = value.startsWith('-')
  const [whole = '', fraction = ''] = value.replace(/^[-+]/, '').split('.')
  let scaled = BigInt(whole + fraction.slice(0, decimals).padEnd(decimals, '0'))
  const rest = fraction.slice(decimals).padEnd(1, '0')
  const half = '5'.padEnd(rest.length, '0')
  if (rest > half || (rest === half && scaled % 2n === 1n)) scaled += 1n
  const digits = scaled.toString().padStart(decimals + 1, '0')
  const rounded = decimals === 0 ? digits : `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`
  return negative && scaled !== 0n ? `-${rounded}` : rounded
}

/** An integer that is scaled by ten to the power of `precision`, as columns have them, as a decimal string. */
export function unscale(scaled: bigint, precision: number): string {
  const digits = (scaled < 0n ? -scaled : scaled).toString().padStart(precision + 1, '0')
  const shown = precision === 0 ? digits : `${digits.slice(0, -precision)}.${digits.slice(-precision)}`
  return scaled < 0n ? `-${shown}` : shown
}

function isZero(value: string): boolean {
  return /^[-+]?[0.]*$/.test(value)
}
