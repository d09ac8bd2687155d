import { expect, test } from './fixtures'

test('launch the sample config, watch it live, open its report, and find when its drawdown was worst', async ({
  page,
}) => {
  // A whole replay is watched.
  test.setTimeout(180_000)
  await page.goto('/')
  await page.getByRole('button', { name: /^sample_btc_usdt/ }).click()
  await page.getByRole('radio', { name: 'Both' }).click()
  await page.getByRole('radio', { name: 'Full' }).click()
  await page.getByRole('button', { name: /^Run/ }).click()

  await expect(page.getByRole('progressbar', { name: 'replaying' })).toBeVisible()
  await expect(page.getByRole('group', { name: 'Live equity' })).toBeVisible()
  await expect(page.getByText('succeeded')).toBeVisible({ timeout: 150_000 })

  const worst = page.getByRole('button', { name: /^Worst drawdown/ })
  await expect(worst).toContainText('129,240.12')
  const time = /\d\d:\d\d:\d\d\.\d{3}/.exec((await worst.textContent()) ?? '')?.[0] ?? 'no time'
  await worst.click()
  await expect(page.getByRole('region', { name: 'Ticks' }).getByRole('time')).toContainText(time)
  await expect(page.getByRole('region', { name: 'Drawdown' })).toContainText('129,240.12 USDT')
})
