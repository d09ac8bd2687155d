import { formatNumber } from './number'

/** Most decimals of a figure; smaller ones are written with an exponent. */
const MOST = 12

/** Significant digits of a figure below one. */
const SIGNIFICANT = 3

/**
 * Format a figure with at least `decimals` decimals, and at least three significant digits if it is below one.
 *
 * Only zero is shown as zero. Below 10^-10 it is written as 1.23e−11.
 */
export function formatFigure(value: number, decimals: number, { signed = false } = {}): string {
  const shown = magnitude(value, decimals)
  return signed && value > 0 ? `+${shown}` : shown
}

/**
 * Format a share in percent: 0.1234 is 12.3 %. A value that is not finite is shown as a dash.
 *
 * Only 0 is shown as 0 % and only 1 as 100 %: a share close to either gets as many decimals as it needs to differ.
 */
export function formatPercent(share: number, decimals = 1): string {
  const percent = share * 100
  if (!Number.isFinite(percent)) return '–'
  if (percent === 0 || percent === 100) return `${percent} %`
  const gap = Math.abs(100 - percent)
  const telling = gap < 1 ? Math.ceil(-Math.log10(gap)) : 0
  return `${formatFigure(percent, Math.min(Math.max(decimals, telling), MOST))} %`
}

function magnitude(value: number, decimals: number): string {
  const size = Math.abs(value)
  if (size === 0 || size >= 1 || !Number.isFinite(size)) return formatNumber(value, decimals)
  const needed = SIGNIFICANT - 1 - Math.floor(Math.log10(size))
  return needed > MOST
    ? value.toExponential(SIGNIFICANT - 1).replaceAll('-', '−')
    : formatNumber(value, Math.max(decimals, needed))
}
