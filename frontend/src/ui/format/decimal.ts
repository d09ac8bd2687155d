/** Minus sign (U+2212), as wide as a digit in the figures' font. */
const MINUS = '−'

export interface DecimalFormat {
  /** Number of decimals to show, rounded half to even. Default: all. */
  decimals?: number
  /** Whether to show a plus sign for positive values. */
  signed?: boolean
}

/** Format a decimal string, `-1234567.80` as `−1,234,567.80`, without going through Number, so that it stays exact. */
export function formatDecimal(value: string, { decimals, signed = false }: DecimalFormat = {}): string {
  const shown = decimals === undefined ? value : roundDecimal(value, decimals)
  const negative = shown.startsWith('-')
  const [whole = '', fraction] = shown.replace(/^[-+]/, '').split('.')
  const sign = negative ? MINUS : signed && !isZero(shown) ? '+' : ''
  return sign + whole.replace(/\B(?=(\d{3})+$)/g, ',') + (fraction === undefined ? '' : `.${fraction}`)
}

/** Round a decimal string half to even, padded with zeros to `decimals`. */
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

/** Convert an integer scaled by 10^precision, as in columns, to a decimal string. */
export function unscale(scaled: bigint, precision: number): string {
  const digits = (scaled < 0n ? -scaled : scaled).toString().padStart(precision + 1, '0')
  const shown = precision === 0 ? digits : `${digits.slice(0, -precision)}.${digits.slice(-precision)}`
  return scaled < 0n ? `-${shown}` : shown
}

function isZero(value: string): boolean {
  return /^[-+]?[0.]*$/.test(value)
}
