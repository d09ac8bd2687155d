import type { Page } from '@playwright/test'

import { expect, test } from './fixtures'

test('a run is watched from its queue to its report', async ({ page, stack }) => {
  const runId = await stack.createRun()
  await page.goto('/runs')
  await page.getByRole('link', { name: runId }).click()
  await expect(page.getByRole('heading', { name: runId })).toBeVisible()
  await expect(page.getByRole('progressbar', { name: 'replaying' })).toBeVisible()
  await expect(page.getByRole('status')).toContainText('of 164,647 rows')

  const before = await orders(page)
  await expect.poll(() => orders(page)).toBeGreaterThan(before)
  await expect(page.getByRole('group', { name: 'Live equity' })).toBeVisible()
  await expect(page.getByText('1 live')).toBeVisible()

  await expect(page.getByText('succeeded')).toBeVisible({ timeout: 90_000 })
  await expect(page.getByText('0 live')).toBeVisible()
})

test('a cancel is seen at once', async ({ page, stack }) => {
  const runId = await stack.createRun()
  await page.goto(`/runs/${runId}`)
  await page.getByRole('button', { name: 'Cancel run' }).click()
  const cancelled = page.getByText('Cancelled; nothing of it is left.')
  await expect(page.getByRole('button', { name: 'Cancelling' }).or(cancelled)).toBeVisible({ timeout: 1_000 })
  await expect(cancelled).toBeVisible()

  await page.getByRole('button', { name: 'Run again' }).click()
  await expect(page).not.toHaveURL(new RegExp(runId))
  await page.getByRole('button', { name: 'Cancel run' }).click()
  await expect(cancelled).toBeVisible()
})

test('a run outlives a reload and a gateway that dies', async ({ page, stack }) => {
  const runId = await stack.createRun()
  await page.goto(`/runs/${runId}`)
  await expect.poll(() => orders(page)).toBeGreaterThan(0)
  await page.reload()
  await expect.poll(() => orders(page)).toBeGreaterThan(0)

  stack.kill('gateway')
  await expect(page.getByText(/^reconnecting/)).toBeVisible()
  await expect(page.getByText('succeeded')).toBeVisible({ timeout: 90_000 })
})

test('a run outlives a runner that dies: it is begun again, and watched to its end', async ({ page, stack }) => {
  const runId = await stack.createRun()
  await page.goto(`/runs/${runId}`)
  await expect.poll(() => orders(page)).toBeGreaterThan(0)

  stack.kill('runner')
  await expect(page.getByText('succeeded')).toBeVisible({ timeout: 90_000 })
})

/** How many orders the screen says that there are so far. */
async function orders(page: Page): Promise<number> {
  const figures = page.getByLabel('Figures so far')
  const text = await figures
    .locator('div', { has: page.getByText('Orders', { exact: true }) })
    .getByRole('definition')
    .textContent()
  return Number(text?.replaceAll(',', ''))
}
