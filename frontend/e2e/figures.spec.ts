import type { Locator } from '@playwright/test'

import { expect, test } from './fixtures'

/** Parts of a result file that the two tabs show; decimals are strings. */
interface Summary {
  statistics: {
    closing_orders: number
    win_rate: string
    profit_factor: string
    expectancy: string
    gross_loss: string
    largest_loss: string
    turnover: string
    slippage: string
    average_slippage_bps: string
    by_hour: { hour: number; pnl: string; fees: string; fills: number }[]
    by_side: { side: string; realized_pnl: string; unrealized_pnl: string; fees: string; pnl: string }[]
  }
  fill_audit: {
    backed_share: string
    backed_volume: string
    unbacked_volume: string
    unbacked_fills: number
    prints: { participation: string; fills: number }
    book: { participation: string; fills_at_touch: number; fills_on_old_book: number }
  }
  costs: { fees: string; spread: string; depth: string; total: string }
  fills: number
}

test('statistics and audit show the figures that tickreel show prints', async ({ page, stack }) => {
  const runId = await stack.wholeRun()
  const { summary } = JSON.parse(stack.tickreel('show', runId, '--output', 'json')) as { summary: Summary }
  const { statistics, fill_audit: audit, costs, fills } = summary
  await page.goto(`/runs/${runId}?tab=statistics`)
  const panel = page.getByRole('tabpanel', { name: 'Statistics' })
  await expect(panel.getByRole('heading', { name: /^Closing orders/ })).toContainText(whole(statistics.closing_orders))
  await expectFigure(panel, 'Win rate', percent(statistics.win_rate))
  await expectFigure(panel, 'Profit factor', figure(statistics.profit_factor, 3))
  await expectFigure(panel, 'Expectancy, USDT', figure(statistics.expectancy, 4))
  await expectFigure(panel, 'Gross loss', fixed(statistics.gross_loss))
  await expectFigure(panel, 'Largest loss', fixed(statistics.largest_loss))
  await expectFigure(panel, 'Turnover, USDT', fixed(statistics.turnover))
  await expectFigure(
    panel,
    'Slippage',
    `${fixed(statistics.slippage)} · ${figure(statistics.average_slippage_bps, 3)} bp`,
  )
  const sides = statistics.by_side
  await expect(panel.getByRole('columnheader', { name: /^(long|short)$/ })).toHaveText(sides.map(({ side }) => side))
  for (const [name, values] of [
    ['Realized', sides.map((side) => signed(side.realized_pnl))],
    ['Unrealized', sides.map((side) => signed(side.unrealized_pnl))],
    ['Fees', sides.map((side) => fixed(side.fees))],
    ['PnL', sides.map((side) => signed(side.pnl))],
  ] as const) {
    await expect(panel.getByRole('row', { name: new RegExp(`^${name} `) }).getByRole('cell')).toHaveText(values)
  }
  const hours = panel.getByRole('table', { name: 'PnL by hour of the day, UTC' })
  await expect(hours.getByRole('row')).toHaveCount(statistics.by_hour.length)
  for (const { hour, pnl, fees, fills } of statistics.by_hour) {
    const text = `${signed(pnl)} USDT · ${whole(fills)} fills · fees ${fixed(fees)}`
    await expect(hours.getByRole('row', { name: new RegExp(`^${hour} `) })).toContainText(text)
  }

  await page.getByRole('tab', { name: 'Audit' }).click()
  const audited = page.getByRole('tabpanel', { name: 'Audit' })
  await expect(audited.getByText(percent(audit.backed_share), { exact: true })).toBeVisible()
  const backed = audited.getByRole('listitem').filter({ hasText: /\d backed/ })
  await expect(backed).toContainText(grouped(audit.backed_volume))
  await expect(audited.getByRole('listitem').filter({ hasText: 'not backed' })).toContainText(
    grouped(audit.unbacked_volume),
  )
  await expect(audited).toContainText(`${whole(audit.unbacked_fills)} fills exceeded it`)
  await expectFigure(audited, 'Participation in prints', percent(audit.prints.participation))
  await expectFigure(
    audited,
    'Fills matched to a print',
    `${whole(audit.prints.fills)} · ${share(audit.prints.fills, fills)}`,
  )
  await expect(audited.getByRole('listitem').filter({ hasText: 'at the touch' })).toContainText(
    whole(audit.book.fills_at_touch),
  )
  await expectFigure(audited, 'Participation in displayed size', percent(audit.book.participation))
  await expectFigure(
    audited,
    'Fills on a book older than 1 s',
    `${whole(audit.book.fills_on_old_book)} · ${share(audit.book.fills_on_old_book, fills)}`,
  )
  await expect(audited.getByText(fixed(costs.total))).toBeVisible()
  await expect(audited.getByRole('listitem').filter({ hasText: 'fees' })).toContainText(fixed(costs.fees))
  for (const [name, cost] of [
    ['Half spread', costs.spread],
    ['Depth', costs.depth],
  ] as const) {
    await expect(audited.getByRole('row', { name: new RegExp(`^${name} `) })).toContainText(fixed(cost))
  }
})

/** Expects a figure to have a value. */
async function expectFigure(panel: Locator, name: string, value: string): Promise<void> {
  const row = panel.locator('div', { has: panel.page().getByText(name, { exact: true }) })
  await expect(row.last().getByRole('definition')).toHaveText(value)
}

// Independent of the formatting code of the page.

function fixed(decimal: string, decimals = 2): string {
  const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals }
  return Number(decimal).toLocaleString('en-US', digits).replace('-', '−')
}

/** At least three significant digits below one. */
function figure(decimal: string, decimals: number): string {
  if (Math.abs(Number(decimal)) >= 1) return fixed(decimal, decimals)
  const digits = { minimumSignificantDigits: 3, maximumSignificantDigits: 3 }
  const options = { minimumFractionDigits: decimals, maximumFractionDigits: decimals, ...digits }
  return Number(decimal)
    .toLocaleString('en-US', { ...options, roundingPriority: 'morePrecision' })
    .replace('-', '−')
}

function signed(decimal: string): string {
  return (Number(decimal) > 0 ? '+' : '') + fixed(decimal)
}

function grouped(decimal: string): string {
  return fixed(decimal, decimal.split('.')[1]?.length ?? 0)
}

function whole(count: number): string {
  return count.toLocaleString('en-US')
}

function percent(part: string): string {
  return `${figure(String(Number(part) * 100), 1)} %`
}

function share(part: number, of: number): string {
  return part === of ? '100 %' : percent(String(part / of))
}
