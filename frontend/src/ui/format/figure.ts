import { formatNumber } from './number'

/** The most decimals that a figure has; a smaller one is written with an exponent. */
const MOST = 12

/** Significant digits of a figure below one. */
const SIGNIFICANT = 3

/**
 * A figure with at least `decimals` decimals, and with more where it is below one: three significant digits.
 *
 * Only zero reads as zero. Below 10^-10 it is written as 1.23e−11.
 */
export function formatFigure(value: number, decimals: number, { signed = false } = {}): string {
  const shown = magnitude(value, decimals)
  return signed && value > 0 ? `+${shown}` : shown
}

/**
 * A share of a whole in percent: 0.1234 is 12.3 %. A dash stands for what is not finite.
 *
 * Only nothing reads as 0 % and only all of it as 100 %: a share that is close to either has as many decimals as tell.
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
