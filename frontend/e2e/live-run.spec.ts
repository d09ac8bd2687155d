import type { Page } from '@playwright/test'

import { RunMode } from '../src/gen/tickreel/v1/result_pb'
import { expect, test } from './fixtures'

test.afterEach(({ stack }) => {
  stack.resume()
})

test('a run is found in the list, watched as it goes on, and a cancel is seen before it is done', async ({
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
  const cancelled = page.getByText('Cancelled; nothing of it is left.')
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

test.describe('a run that takes long', () => {
  test.beforeAll(({ stack }) => {
    stack.makeEthBusy()
  })

  for (const service of ['gateway', 'runner'] as const) {
    test(`outlives a reload and a ${service} that dies, which the page says, and is cancelled after`, async ({
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
      // It may be back before anyone has read it, so what the page has said is asked for afterwards.
      const said = () => page.evaluate(() => Reflect.get(globalThis, 'said') as Said)
      await expect.poll(async () => (await said()).reconnecting).toBe(true)
      await expect(page.getByText('1 live')).toBeVisible()
      // With the runner the replay is gone, too: it begins anew, and for a moment there are no figures.
      if (service === 'gateway') expect((await said()).blank).toBe(false)

      const before = await orders(page)
      await expect.poll(() => orders(page)).toBeGreaterThan(before)
      await page.getByRole('button', { name: 'Cancel run' }).click()
      await expect(page.getByText('Cancelled; nothing of it is left.')).toBeVisible()
    })
  }
})

interface Said {
  /** Whether the page has said that it reconnects. */
  reconnecting: boolean
  /** Whether the figures were ever out of sight while it did. */
  blank: boolean
}

/** Notes what the page says of its connection from now on; runs in the page. */
function watchConnection(): void {
  const said = { reconnecting: false, blank: false }
  Object.assign(globalThis, { said })
  const note = () => {
    if (!(document.querySelector('header')?.textContent ?? '').includes('reconnecting')) return
    said.reconnecting = true
    if (!/\d/.test(document.querySelector('[aria-label="Figures so far"]')?.textContent ?? '')) said.blank = true
  }
  new MutationObserver(note).observe(document.body, { subtree: true, childList: true, characterData: true })
}

/** How many orders the screen says that there are so far. */
async function orders(page: Page): Promise<number> {
  const figures = page.getByLabel('Figures so far')
  const text = await figures
    .locator('div', { has: page.getByText('Orders', { exact: true }) })
    .getByRole('definition')
    .textContent()
  return Number(text?.replaceAll(',', ''))
}
