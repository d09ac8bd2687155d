/** Decimals up to which a number is shown where none are asked for; those of coins. */
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

/** A double with its thousands apart and a real minus: 1,234.50. Without decimals asked for it has those that it needs. */
export function formatNumber(value: number, decimals?: number): string {
  const format = decimals === undefined ? shortest : (formats[Math.min(decimals, 12)] ?? shortest)
  return format.format(value).replace('-', '−')
}
