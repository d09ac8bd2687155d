const WHOLE = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })
const COMPACT = new Intl.NumberFormat('en-US', { notation: 'compact', maximumSignificantDigits: 3 })

/** Format a count with thousands separators: 1,234,567. */
export function formatCount(count: number | bigint): string {
  return WHOLE.format(count)
}

/** Format a count with its noun: 1 row, 1,234 rows. */
export function countOf(count: number | bigint, noun: string): string {
  return `${formatCount(count)} ${noun}${Number(count) === 1 ? '' : 's'}`
}

/** Format a count compactly: 1.23M. */
export function formatCompact(count: number | bigint): string {
  return COMPACT.format(count)
}

/** Format part / whole in percent. Only exact values are shown as 0 % or 100 %. */
export function formatShare(part: number | bigint, whole: number | bigint): string {
  if (Number(whole) === 0) return '0 %'
  const percent = (100 * Number(part)) / Number(whole)
  if (percent > 0 && percent < 0.1) return '< 0.1 %'
  if (percent < 100 && percent > 99.9) return '> 99.9 %'
  return `${percent === 0 || percent === 100 ? percent : percent.toFixed(1)} %`
}

/** Format a rate per second: 1.23M rows/s. */
export function formatRate(rate: number, unit: string): string {
  return `${formatCompact(rate)} ${unit}/s`
}

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

/** Format a size in bytes with binary units: 12.3 MiB. */
export function formatBytes(bytes: number | bigint): string {
  let size = Number(bytes)
  let unit = 0
  while (size >= 1024 && unit < BYTE_UNITS.length - 1) {
    size /= 1024
    unit += 1
  }
  return `${unit === 0 ? size : size.toPrecision(3)} ${BYTE_UNITS[unit] ?? ''}`
}
