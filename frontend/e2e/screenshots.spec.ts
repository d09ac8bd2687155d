import type { Page } from '@playwright/test'

import { test } from './fixtures'
import { SCREENS } from './screens'
import { Stack } from './stack'

const SIZES = [
  { width: 1440, height: 900 },
  { width: 390, height: 844 },
]

test.beforeAll(async ({ stack }) => {
  await stack.finish(await stack.createRun({ configId: 'sample_sol_usdt' }))
  await stack.finish(await stack.createRun())
})

test.afterEach(async ({ stack }) => {
  await stack.cancelRuns()
})

for (const { name, open } of SCREENS) {
  test(name, async ({ page, stack }) => {
    await open(page, stack)
    await capture(page, name)
  })
}

test('first start', async ({ page }) => {
  const installation = await Stack.start()
  await page.goto(installation.url)
  await page.getByRole('button', { name: 'Make sample data' }).waitFor()
  await capture(page, 'first start')
  await installation.stop()
})

/** Save screenshots of a screen in all sizes and both themes. */
async function capture(page: Page, name: string): Promise<void> {
  for (const size of SIZES) {
    await page.setViewportSize(size)
    for (const theme of ['dark', 'light']) {
      await page.evaluate((chosen) => {
        document.documentElement.dataset.theme = chosen
      }, theme)
      // Charts redraw after they are resized.
      await page.waitForTimeout(500)
      await page.screenshot({
        path: `screenshots/${name.replaceAll(/\W+/g, '-')}-${theme}-${size.width}x${size.height}.png`,
      })
    }
  }
}
