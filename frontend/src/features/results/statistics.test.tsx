import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { render, screen, within } from '@testing-library/react'
import { describe, expect, it } from 'vitest'

import { ResultSchema } from '@/gen/tickreel/v1/result_pb'
import { Liquidity, PositionSide, type RunStatisticsSchema } from '@/gen/tickreel/v1/statistics_pb'

import { Statistics } from './statistics'

const LOSING: MessageInitShape<typeof RunStatisticsSchema> = {
  closingOrders: 57_072n,
  winningOrders: 3_596n,
  losingOrders: 53_400n,
  winRate: '0.06300813',
  grossProfit: '1843.16',
  grossLoss: '114927.71',
  profitFactor: '0.01603756',
  expectancy: '-1.98146168',
  largestWin: '84.934698',
  largestLoss: '219.0781431',
  turnover: '210560252.0676',
  slippage: '-237.10095',
  averageSlippageBps: '-0.01126',
  position: {
    exposure: '0.99981',
    meanSize: '82.4417',
    largestLong: '241.118',
    largestShort: '0',
    roundTrips: 4n,
    winningRoundTrips: 1n,
    meanHoldingSeconds: '2712.5',
    longestHoldingSeconds: '9000',
  },
  bySide: [
    {
      side: PositionSide.LONG,
      closingOrders: 57_072n,
      winningOrders: 3_596n,
      realizedPnl: '-33229.12638821',
      unrealizedPnl: '-4937.92191179',
      fees: '84224.10082704',
      pnl: '-122391.14912704',
    },
    {
      side: PositionSide.SHORT,
      closingOrders: 0n,
      winningOrders: 0n,
      realizedPnl: '0',
      unrealizedPnl: '0',
      fees: '0',
      pnl: '0',
    },
  ],
  byHour: [
    { hour: 22, fills: 30_120n, fees: '20511.4', pnl: '-31200.456' },
    { hour: 23, fills: 1n, fees: '-0.7', pnl: '12.5' },
  ],
  byLiquidity: [{ liquidity: Liquidity.MAKER, fills: 1n, fees: '-0.7' }],
}

/** Statistics of a run without closing orders. */
const IDLE: MessageInitShape<typeof RunStatisticsSchema> = {
  grossProfit: '0',
  grossLoss: '0',
  turnover: '0',
  slippage: '0',
  position: { largestLong: '0', largestShort: '0' },
}

function show(statistics: MessageInitShape<typeof RunStatisticsSchema> | undefined, currency = 'USDT'): HTMLElement {
  const summary = statistics === undefined ? {} : { statistics }
  return render(<Statistics result={create(ResultSchema, { summary, metadata: { currency } })} />).container
}

/** Value of a figure by name. */
function figure(name: string): string | null | undefined {
  const row = screen.getByText(name, { selector: 'dt' }).parentElement
  return row && within(row).getByRole('definition').textContent
}

describe('the statistics of a run', () => {
  it('show closing orders, position and costs, with signed losses', () => {
    show(LOSING)
    expect(screen.getByRole('heading', { name: 'Closing orders, 57,072' })).toBeVisible()
    expect(screen.getAllByRole('listitem').map(({ textContent }) => textContent)).toEqual([
      '3,596 won',
      '76 even',
      '53,400 lost',
    ])
    expect(figure('Win rate')).toBe('6.3 %')
    expect(figure('Profit factor')).toBe('0.0160')
    expect(figure('Expectancy, USDT')).toBe('−1.9815')
    expect(figure('Largest win')).toBe('84.93')
    expect(figure('Largest loss')).toBe('219.08')
    expect(figure('Round trips')).toBe('4, 25.0 % won')
    expect(figure('Turnover, USDT')).toBe('210,560,252.07')
    expect(figure('Slippage')).toBe('−237.10 · −0.0113 bp')
    expect(figure('Fees as maker')).toBe('−0.70 · 1 fill')
  })

  it('show the PnL of each side and each hour', () => {
    show(LOSING)
    const cells = (name: RegExp) =>
      within(screen.getByRole('row', { name }))
        .getAllByRole('cell')
        .map(({ textContent }) => textContent)
    expect(screen.getAllByRole('columnheader').map(({ textContent }) => textContent)).toEqual([
      'By position side',
      'long',
      'short',
    ])
    expect(cells(/^Won /)).toEqual(['6.3 %', '0 %'])
    expect(cells(/^Realized /)).toEqual(['−33,229.13', '0.00'])
    expect(cells(/^Unrealized /)).toEqual(['−4,937.92', '0.00'])
    expect(cells(/^PnL /)).toEqual(['−122,391.15', '0.00'])
    const hours = within(screen.getByRole('figure', { name: 'PnL by hour of the day' }))
    expect(hours.getByText('22:00–22:59 · −31,200.46 USDT · 30,120 fills · fees 20,511.40')).toBeInTheDocument()
    expect(hours.getByText(/^23:00–23:59 · \+12.50 USDT/)).toBeInTheDocument()
    expect(hours.getAllByRole('row')).toHaveLength(2)
  })

  it('show a dash for undefined figures and zero for known ones', () => {
    const shown = show(IDLE)
    for (const name of ['Win rate', 'Profit factor', 'Expectancy, USDT', 'Largest win', 'Largest loss']) {
      expect(figure(name), name).toBe('–')
    }
    expect(figure('Round trips')).toBe('0, 0 % won')
    expect(figure('Gross loss')).toBe('0.00')
    expect(figure('Slippage')).toBe('0.00')
    expect(shown).not.toHaveTextContent(/NaN|Infinity|undefined|null/)
    expect(shown.innerHTML).not.toMatch(/NaN|Infinity/)
  })

  it('show ratios, with the error of Sharpe', () => {
    show({ ...IDLE, returns: { hours: 48n, sharpeRatio: '-1.2049', sharpeStandardError: '0.4', sortinoRatio: '-2' } })
    expect(figure('Sharpe (annualized)')).toBe('−1.20 ± 0.400')
    expect(figure('Sortino (annualized)')).toBe('−2.00')
  })

  it('show a dash for ratios of too few hours', () => {
    show({ ...IDLE, returns: { hours: 4n } })
    expect(figure('Sharpe (annualized)')).toBe('–')
    expect(figure('Sortino (annualized)')).toBe('–')
  })

  it('use the decimals of the currency, so that small amounts of a coin are visible', () => {
    show({ ...IDLE, grossLoss: '0.00123456', expectancy: '-0.00012345' }, 'BTC')
    expect(figure('Gross loss')).toBe('0.00123456')
    expect(figure('Expectancy, BTC')).toBe('−0.0001234500')
  })

  it('are replaced by an empty state in a result that has none', () => {
    show(undefined)
    expect(screen.getByText(/This result has no statistics/)).toBeVisible()
  })
})
