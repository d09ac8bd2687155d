import { describe, expect, test } from 'vitest'

import { formatBytes, formatCompact, formatCount, formatShare } from './count'
import { formatDecimal, roundDecimal, unscale } from './decimal'
import { formatAge, formatDuration } from './duration'
import {
  formatInstant,
  formatTime,
  formatWindow,
  instantOf,
  isoInstant,
  parseInstant,
  secondsAndNanos,
} from './instant'
import { formatFigure, formatPercent } from './figure'
import { formatAmount, formatMoney } from './money'
import { formatNumber } from './number'

describe('money', () => {
  test.each([
    ['-84224.10082704', 'USDT', '−84,224.10'],
    ['1234.5', 'EUR', '1,234.50'],
    ['1234.5', 'JPY', '1,234'],
    ['-0.00010135', 'BTC', '−0.00010135'],
    ['10', 'XBT', '10.00000000'],
    ['0.00000000', 'USDT', '0.00'],
    ['0.00000000000000000004', 'BTC', '4.00e−20'],
    ['-0.0000000000123456', 'BTC', '−1.23e−11'],
    ['0.000000004', 'USDT', '0.00000000400'],
  ])('%s %s is %s', (value, currency, shown) => {
    expect(formatMoney(value, currency)).toBe(shown)
  })
  test('does not show a non-zero amount as zero', () => {
    expect(formatMoney('-0.00310000', 'USDT')).toBe('−0.00310000')
    expect(formatMoney('0.00310000', 'USDT', { signed: true })).toBe('+0.00310000')
  })
})

describe('amounts that are doubles', () => {
  test.each([
    [-0.0031, 'USDT', '−0.00310000'],
    [0, 'USDT', '0.00'],
    [NaN, 'USDT', 'NaN'],
    [1234.5, 'USDT', '1,234.50'],
    [4e-10, 'BTC', '0.000000000400'],
  ])('%d %s is %s', (value, currency, shown) => {
    expect(formatAmount(value, currency)).toBe(shown)
  })
})

describe('figures', () => {
  test.each([
    [1234.5678, 2, '1,234.57'],
    [1.5, 2, '1.50'],
    [0.5, 2, '0.500'],
    [-0.0004, 3, '−0.000400'],
    [0, 3, '0.000'],
    [0.00000000123, 3, '0.00000000123'],
    [-1.234e-11, 3, '−1.23e−11'],
  ])('%d to %i decimals is %s', (value, decimals, shown) => {
    expect(formatFigure(value, decimals)).toBe(shown)
  })
  test('have a plus where asked for, but not zero', () => {
    expect(formatFigure(0.0004, 2, { signed: true })).toBe('+0.000400')
    expect(formatFigure(0, 2, { signed: true })).toBe('0.00')
  })
})

describe('shares in percent', () => {
  test.each([
    [0, '0 %'],
    [1, '100 %'],
    [0.063, '6.3 %'],
    [1.27, '127.0 %'],
    [0.000_000_05, '0.00000500 %'],
    [-0.000_000_05, '−0.00000500 %'],
    [1e-15, '1.00e−13 %'],
    [0.999_96, '99.996 %'],
    [1.000_04, '100.004 %'],
    [NaN, '–'],
    [Infinity, '–'],
  ])('%d is %s', (share, shown) => {
    expect(formatPercent(share)).toBe(shown)
  })
  test('no other share is shown as 0 % or 100 %', () => {
    for (let exponent = 1; exponent < 15; exponent++) {
      for (const share of [10 ** -exponent, -(10 ** -exponent), 1 - 10 ** -exponent, 1 + 10 ** -exponent]) {
        const read = Number(formatPercent(share, 3).replace(' %', '').replaceAll('−', '-'))
        expect([0, 100]).not.toContain(read)
      }
    }
  })
})

describe('numbers', () => {
  test('have the requested decimals, or as many as they need', () => {
    expect(formatNumber(-1234.5, 2)).toBe('−1,234.50')
    expect(formatNumber(-2161)).toBe('−2,161')
    expect(formatNumber(0.00000005)).toBe('0.00000005')
  })
  test('never show a negative zero', () => {
    expect(formatNumber(-0, 0)).toBe('0')
    expect(formatNumber(-0.0001, 2)).toBe('0.00')
  })
})

describe('decimals', () => {
  test('keep digits beyond the precision of a Number', () => {
    expect(formatDecimal('-12345678901234567890.123456789')).toBe('−12,345,678,901,234,567,890.123456789')
  })
  test('have a plus where asked for, but not zero', () => {
    expect(formatDecimal('1.5', { signed: true })).toBe('+1.5')
    expect(formatDecimal('0.00', { signed: true })).toBe('0.00')
  })
  test.each([
    ['2.5', 0, '2'],
    ['3.5', 0, '4'],
    ['2.51', 0, '3'],
    ['-0.004', 2, '0.00'],
    ['-999.995', 2, '-1000.00'],
    ['7', 2, '7.00'],
  ])('%s to %i decimals is %s', (value, decimals, rounded) => {
    expect(roundDecimal(value, decimals)).toBe(rounded)
  })
  test('are converted from scaled integers', () => {
    expect(unscale(-5n, 3)).toBe('-0.005')
    expect(unscale(648123n, 1)).toBe('64812.3')
    expect(unscale(12n, 0)).toBe('12')
  })
})

describe('counts', () => {
  test('have thousands separators', () => {
    expect(formatCount(1234567n)).toBe('1,234,567')
    expect(formatCompact(1_234_567)).toBe('1.23M')
    expect(formatBytes(12_900_000)).toBe('12.3 MiB')
  })
  test('are not shown as 100 % if one is missing', () => {
    expect(formatShare(999_999, 1_000_000)).toBe('> 99.9 %')
    expect(formatShare(1, 1_000_000)).toBe('< 0.1 %')
    expect(formatShare(5, 5)).toBe('100 %')
    expect(formatShare(0, 0)).toBe('0 %')
  })
})

describe('durations', () => {
  test.each([
    [0.14, '140 ms'],
    [8.34, '8.3 s'],
    [59.6, '1 min 00 s'],
    [3_599.7, '1 h 00 min'],
    [100_000, '1 d 04 h'],
  ])('%f seconds are %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text)
  })
  test('ages have one unit', () => {
    expect([0.4, 59, 61, 7_200].map(formatAge)).toEqual(['now', '59 s ago', '1 min ago', '2 h ago'])
  })
})

describe('instants', () => {
  const instant = 1721347020123456789n
  test('keep their nanoseconds', () => {
    expect(isoInstant(instant)).toBe('2024-07-18T23:57:00.123456789Z')
    expect(parseInstant(isoInstant(instant))).toBe(instant)
    expect(instantOf(secondsAndNanos(instant))).toBe(instant)
    expect(formatTime(instant, 'us')).toBe('23:57:00.123456')
    expect(isoInstant(-1n)).toBe('1969-12-31T23:59:59.999999999Z')
  })
  test('are refused without a zone or with an invalid day', () => {
    expect(parseInstant('2024-07-18T23:57:00')).toBeUndefined()
    expect(parseInstant('2024-13-18T23:57:00Z')).toBeUndefined()
  })
  test('repeat the date of a window only if it differs', () => {
    expect(formatInstant(instant)).toBe('2024-07-18 23:57:00')
    expect(formatWindow(instant, instant + 60_000_000_000n)).toBe('2024-07-18 23:57:00 → 23:58:00')
    expect(formatWindow(instant, instant + 600_000_000_000n, 'min')).toBe('2024-07-18 23:57 → 07-19 00:07')
  })
})
