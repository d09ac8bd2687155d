import { expectAccessible } from './accessibility'
import { expect, test as base } from './fixtures'

/** On a fresh installation. Only the first test gets one, so this file must be the first by name. */
const test = base.extend({
  baseURL: async ({ installation }, provide) => {
    await provide(installation.url)
  },
})

test('from sample data over a live run to the worst drawdown in its report', async ({ page, installation }) => {
  await page.goto('/')
  const makeSampleData = page.getByRole('button', { name: 'Make sample data' })
  await makeSampleData.waitFor()
  await expectAccessible(page)
  await makeSampleData.click()
  const config = page.getByRole('combobox', { name: 'Config' })
  await expect(config).toHaveValue('sample_btc_usdt')
  await expect(page.getByRole('radio', { name: 'Both' })).toBeChecked()
  await page.getByRole('radio', { name: 'Full' }).click()
  await expect(page.getByText('Ready')).toBeVisible()
  await page.getByRole('button', { name: /^Run/ }).click()

  await installation.hold()
  await expect(page.getByRole('progressbar', { name: 'replaying' })).toBeVisible()
  await expect(page.getByRole('group', { name: 'Live equity' })).toBeVisible()
  await expect(page.getByText('1 live')).toBeVisible()
  installation.resume()
  await expect(page.getByText('succeeded')).toBeVisible({ timeout: 300_000 })
  await expect(page.getByText('0 live')).toBeVisible()

  const worst = page.getByRole('button', { name: /^Worst drawdown/ })
  await expect(worst).toContainText('129,240.12')
  const time = /\d\d:\d\d:\d\d\.\d{3}/.exec((await worst.textContent()) ?? '')?.[0] ?? 'no time'
  await worst.click()
  await expect(page.getByRole('region', { name: 'Ticks' }).getByRole('time')).toContainText(time)
  await expect(page.getByRole('region', { name: 'Drawdown' })).toContainText('129,240.12 USDT')
})
