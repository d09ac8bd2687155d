import { readFile } from 'node:fs/promises'

import type { Page } from '@playwright/test'

import { expect, test } from './fixtures'

let runId: string

test.beforeAll(async ({ stack }) => {
  runId = await stack.wholeRun()
})

test.beforeEach(async ({ page }) => {
  await page.goto(`/runs/${runId}`)
  await expect(page.getByRole('gridcell', { name: '1', exact: true })).toBeVisible()
})

const window = (page: Page) => page.getByRole('slider', { name: 'Window' })

test('the wheel zooms at the cursor, and a reload at any moment keeps the window', async ({ page }) => {
  const whole = await window(page).getAttribute('aria-valuetext')
  for (const turns of [1, 5, 20]) {
    await page.mouse.move(...(await middleOf(page)))
    for (let i = 0; i < turns; i++) await page.mouse.wheel(0, -200)
    await expect(window(page)).not.toHaveAttribute('aria-valuetext', whole ?? '')
    // Read and reload in one task of the page, since wheel events may still be arriving.
    const seen = await window(page).evaluate((slider) => {
      location.reload()
      return slider.getAttribute('aria-valuetext')
    })
    await page.waitForLoadState()
    await expect(window(page)).toHaveAttribute('aria-valuetext', seen ?? '')
    await page.getByRole('button', { name: 'Show all' }).click()
    await expect(window(page)).toHaveAttribute('aria-valuetext', whole ?? '')
    expect(page.url()).not.toContain('from=')
  }
})

test('the URL has the final window of a long drag', async ({ page }) => {
  await page.mouse.move(...(await middleOf(page)))
  for (let i = 0; i < 10; i++) await page.mouse.wheel(0, -200)
  const [x, y] = await middleOf(page)
  await page.mouse.down()
  await page.mouse.move(x - 400, y, { steps: 100 })
  await page.mouse.up()
  await expect(window(page)).toBeVisible()
  const seen = await window(page).evaluate((slider) => {
    location.reload()
    return slider.getAttribute('aria-valuetext')
  })
  await page.waitForLoadState()
  await expect(window(page)).toHaveAttribute('aria-valuetext', seen ?? '')
})

test('a reload keeps the window also beside a selected order', async ({ page }) => {
  const whole = await window(page).getAttribute('aria-valuetext')
  const orders = page.getByRole('grid', { name: 'Orders' })
  await orders.getByRole('row').filter({ hasText: 'sell' }).first().click()
  await expect(window(page)).not.toHaveAttribute('aria-valuetext', whole ?? '')
  await page.getByRole('button', { name: 'Show all' }).click()
  await expect(window(page)).toHaveAttribute('aria-valuetext', whole ?? '')
  await page.reload()
  await expect(page.getByRole('region', { name: 'Selected order' })).toBeVisible()
  await expect(window(page)).toHaveAttribute('aria-valuetext', whole ?? '')

  // A URL with an order and no window moves the charts to the order.
  await page.goto(`/runs/${runId}?order=%227%22`)
  await expect(page.getByRole('region', { name: 'Selected order' })).toBeVisible()
  await expect(window(page)).not.toHaveAttribute('aria-valuetext', whole ?? '')
})

test('the charts follow the URL when a link changes it and on the way back', async ({ page }) => {
  const whole = await window(page).getAttribute('aria-valuetext')
  await page.mouse.move(...(await middleOf(page)))
  await page.mouse.wheel(0, -200)
  await expect(window(page)).not.toHaveAttribute('aria-valuetext', whole ?? '')
  const zoomed = await window(page).getAttribute('aria-valuetext')
  await page.keyboard.press('ControlOrMeta+k')
  await page.getByRole('combobox', { name: 'Find a run, a config or a command' }).fill(runId)
  await page.getByRole('option', { name: runId }).first().click()
  await expect(window(page)).toHaveAttribute('aria-valuetext', whole ?? '')
  await page.goBack()
  await expect(window(page)).toHaveAttribute('aria-valuetext', zoomed ?? '')
})

test('selecting an order moves the charts to it, and arrow keys step to its neighbours', async ({ page }) => {
  const orders = page.getByRole('grid', { name: 'Orders' })
  await orders.getByRole('row').filter({ hasText: 'sell' }).first().click()
  const selected = page.getByRole('region', { name: 'Selected order' })
  const first = await selected.getByRole('heading').textContent()
  await expect(page).toHaveURL(/order=/)
  await expect(page.getByRole('region', { name: 'Ticks' }).getByRole('time')).toContainText('2024-05-17 22:00:0')

  await page.getByRole('group', { name: 'Charts' }).focus()
  await page.keyboard.press('ArrowRight')
  await expect(selected.getByRole('heading')).not.toHaveText(first ?? '')
  await page.keyboard.press('ArrowLeft')
  await expect(selected.getByRole('heading')).toHaveText(first ?? '')
})

test('orders are filtered by a selection in the charts, by side and by status', async ({ page }) => {
  await expect(page.getByText('120,000 orders')).toBeVisible()
  const [x, y] = await middleOf(page)
  await page.keyboard.down('Shift')
  await page.mouse.move(x - 100, y)
  await page.mouse.down()
  await page.mouse.move(x, y, { steps: 5 })
  await page.mouse.up()
  await page.keyboard.up('Shift')
  await expect(page).toHaveURL(/since=.*until=/)
  await expect(page.getByText('120,000 orders')).toBeHidden()
  await page.getByRole('button', { name: 'Clear selection' }).click()
  await expect(page.getByText('120,000 orders')).toBeVisible()

  await page.getByRole('combobox', { name: 'Status' }).click()
  await page.getByRole('option', { name: 'partially filled' }).click()
  await expect(page.getByText('3,826 orders')).toBeVisible()
})

test('the End key shows the last order', async ({ page }) => {
  await page.getByRole('grid', { name: 'Orders' }).focus()
  await page.keyboard.press('End')
  await expect(page.getByRole('gridcell', { name: '120000', exact: true })).toBeVisible()
})

test('timeline, findings and provenance are tabs, and the tab is in the URL', async ({ page }) => {
  await page.getByRole('tab', { name: 'Timeline' }).click()
  await page.getByRole('combobox', { name: 'Event' }).click()
  await page.getByRole('option', { name: 'Fill' }).click()
  await expect(page.getByText('123,398 events')).toBeVisible()
  await page.reload()
  await expect(page.getByText('123,398 events')).toBeVisible()

  await page.getByRole('tab', { name: /^Findings/ }).click()
  await expect(page.getByRole('list', { name: 'Findings' })).toContainText('margin_init is 0')
  await page.getByRole('tab', { name: 'Provenance' }).click()
  await expect(page.getByLabel('Config as JSON')).toContainText('"TempBacktestStrategy"')
})

test('a file is saved byte for byte', async ({ page }) => {
  await page.getByRole('tab', { name: 'Files' }).click()
  const download = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Save summary.json' }).click()
  const saved = await download
  expect(saved.suggestedFilename()).toBe('summary.json')
  expect(JSON.parse(await readFile(await saved.path(), 'utf8'))).toMatchObject({ run_id: runId, mode: 'full' })
})

test('all ticks are loaded automatically', async ({ page }) => {
  await expect(page.getByText(/all ticks loaded · 120K/)).toBeVisible()
})

async function middleOf(page: Page): Promise<[number, number]> {
  const box = await page.getByRole('region', { name: 'Ticks' }).boundingBox()
  if (!box) throw new Error('there is no tick chart')
  return [box.x + box.width / 2, box.y + box.height / 2]
}
