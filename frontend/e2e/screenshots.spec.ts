import { test } from './fixtures'
import { SCREENS } from './screens'

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
    const close = await open(page, stack)
    for (const size of SIZES) {
      await page.setViewportSize(size)
      for (const theme of ['dark', 'light']) {
        await page.evaluate((chosen) => {
          document.documentElement.dataset.theme = chosen
        }, theme)
        // A chart draws itself anew after it has its size.
        await page.waitForTimeout(500)
        await page.screenshot({
          path: `screenshots/${name.replaceAll(/\W+/g, '-')}-${theme}-${size.width}x${size.height}.png`,
        })
      }
    }
    await close?.()
  })
}
