/** Most decimals if none are requested; enough for coins. */
const MOST = 8

const formats = Array.from(
  { length: 13 },
  (_, decimals) =>
    new Intl.NumberFormat('en-US', {
      minimumFractionDigits: decimals,
      maximumFractionDigits: decimals,
      signDisplay: 'negative',
    }),
)
const shortest = new Intl.NumberFormat('en-US', { maximumFractionDigits: MOST, signDisplay: 'negative' })

/** Format a double with thousands separators and a minus sign: 1,234.50. Default decimals: as many as needed. */
export function formatNumber(value: number, decimals?: number): string {
  const format = decimals === undefined ? shortest : (formats[Math.min(decimals, 12)] ?? shortest)
  return format.format(value).replace('-', '−')
}
