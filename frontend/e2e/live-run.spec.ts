import type { Page } from '@playwright/test'

import { RunMode } from '../src/gen/tickreel/v1/result_pb'
import { expect, test } from './fixtures'

test.afterEach(({ stack }) => {
  stack.resume()
})

test('a run is found in the list, watched live, and shown as cancelling before it is cancelled', async ({
  page,
  stack,
}) => {
  const runId = await stack.createRun()
  await stack.hold(runId)
  await page.goto('/runs')
  await page.getByRole('link', { name: runId }).click()
  await expect(page.getByRole('heading', { name: runId })).toBeVisible()
  await expect(page.getByRole('status').filter({ hasText: 'of 164,647 rows' })).toBeVisible()
  await expect(page.getByRole('progressbar', { name: 'replaying' })).toBeVisible()
  await expect(page.getByText('1 live')).toBeVisible()
  const before = await orders(page)
  stack.resume()
  await stack.hold(runId, before)
  await expect.poll(() => orders(page)).toBeGreaterThan(before)

  await page.getByRole('button', { name: 'Cancel run' }).click()
  const cancelled = page.getByText('Cancelled. No result was kept.')
  await expect(page.getByRole('button', { name: 'Cancelling' }).or(cancelled)).toBeVisible()
  stack.resume()
  await expect(cancelled).toBeVisible()
  await expect(page.getByText('0 live')).toBeVisible()

  await page.getByRole('button', { name: 'Run again' }).click()
  await stack.hold()
  await expect(page).not.toHaveURL(new RegExp(runId))
  await page.getByRole('button', { name: 'Cancel run' }).click()
  stack.resume()
  await expect(cancelled).toBeVisible()
})

test.describe('a long run', () => {
  test.beforeAll(({ stack }) => {
    stack.makeEthBusy()
  })

  for (const service of ['gateway', 'runner'] as const) {
    test(`survives a reload and a killed ${service}, which the page reports, and is then cancelled`, async ({
      page,
      stack,
    }) => {
      const runId = await stack.createRun({ configId: 'sample_eth_usdt', mode: RunMode.FAST })
      await page.goto(`/runs/${runId}`)
      await expect.poll(() => orders(page)).toBeGreaterThan(0)
      await page.reload()
      await expect.poll(() => orders(page)).toBeGreaterThan(0)

      await page.evaluate(watchConnection)
      stack.kill(service)
      // The connection may be back before a check of the page, so the page records what it showed.
      const shown = () => page.evaluate(() => Reflect.get(globalThis, 'shown') as Shown)
      await expect.poll(async () => (await shown()).reconnecting).toBe(true)
      await expect(page.getByText('1 live')).toBeVisible()
      // Killing the runner restarts the replay, so that figures are missing for a moment.
      if (service === 'gateway') expect((await shown()).blank).toBe(false)

      const before = await orders(page)
      await expect.poll(() => orders(page)).toBeGreaterThan(before)
      await page.getByRole('button', { name: 'Cancel run' }).click()
      await expect(page.getByText('Cancelled. No result was kept.')).toBeVisible()
    })
  }
})

interface Shown {
  /** Whether the page has shown that it reconnects. */
  reconnecting: boolean
  /** Whether the figures were ever blank while reconnecting. */
  blank: boolean
}

/** Record what the page shows about its connection from now on; runs in the page. */
function watchConnection(): void {
  const shown = { reconnecting: false, blank: false }
  Object.assign(globalThis, { shown })
  const note = () => {
    if (!(document.querySelector('header')?.textContent ?? '').includes('reconnecting')) return
    shown.reconnecting = true
    if (!/\d/.test(document.querySelector('[aria-label="Figures so far"]')?.textContent ?? '')) shown.blank = true
  }
  new MutationObserver(note).observe(document.body, { subtree: true, childList: true, characterData: true })
}

/** Number of orders so far, as shown on the screen. */
async function orders(page: Page): Promise<number> {
  const figures = page.getByLabel('Figures so far')
  const text = await figures
    .locator('div', { has: page.getByText('Orders', { exact: true }) })
    .getByRole('definition')
    .textContent()
  return Number(text?.replaceAll(',', ''))
}
