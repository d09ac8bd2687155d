import { expect, test as base } from './fixtures'

/** On what has just been installed, which it is for the first test alone: this file is the first by its name. */
const test = base.extend({
  baseURL: async ({ installation }, provide) => {
    await provide(installation.url)
  },
})

test('make sample data, launch its config, watch it live, open its report, and find when its drawdown was worst', async ({
  page,
  installation,
}) => {
  await page.goto('/')
  await page.getByRole('button', { name: 'Make sample data' }).click()
  const made = page.getByRole('combobox', { name: 'Config' })
  await expect(made).toHaveValue('sample_btc_usdt')
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
