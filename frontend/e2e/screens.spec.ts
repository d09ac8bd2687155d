import { expectAccessible } from './accessibility'
import { expect, test } from './fixtures'
import { SCREENS } from './screens'

test.beforeAll(async ({ stack }) => {
  await stack.finish(await stack.createRun({ configId: 'sample_sol_usdt' }))
})

test.afterEach(async ({ stack }) => {
  await stack.cancelRuns()
})

for (const { name, open } of SCREENS) {
  test(`axe finds nothing on: ${name}`, async ({ page, stack }) => {
    await open(page, stack)
    await expectAccessible(page)
  })
}

test('the first load is below 300 kB of compressed JavaScript', async ({ page }) => {
  const scripts: Promise<{ responseBodySize: number }>[] = []
  page.on('requestfinished', (request) => {
    if (request.resourceType() === 'script') scripts.push(request.sizes())
  })
  await page.goto('/')
  await page.getByRole('heading', { name: 'Run', exact: true }).waitFor()
  const total = (await Promise.all(scripts)).reduce((sum, { responseBodySize }) => sum + responseBodySize, 0)
  expect(total).toBeGreaterThan(100_000)
  expect(total).toBeLessThan(300_000)
})

test('the filters and the sort order of the runs are in the URL', async ({ page }) => {
  await page.goto('/runs?state=succeeded&sort=pnl')
  await expect(page.getByRole('radio', { name: /^Succeeded/ })).toBeChecked()
  await expect(page.getByRole('columnheader', { name: /^PnL Width/ })).toHaveAttribute('aria-sort', 'descending')
  await page.getByRole('radio', { name: /^Failed/ }).click()
  await expect(page).toHaveURL(/state=failed&sort=pnl/)
  await page.getByRole('searchbox').fill('nothing like it')
  await expect(page.getByText('No runs match these filters.')).toBeVisible()
  await page.reload()
  await expect(page.getByRole('radio', { name: /^Failed/ })).toBeChecked()
})

test('typing in the search of the runs keeps every letter and the cursor', async ({ page }) => {
  await page.goto('/runs')
  const find = page.getByRole('searchbox')
  await find.focus()
  await page.keyboard.type('sample_sol_usdt')
  await expect(find).toHaveValue('sample_sol_usdt')
  await find.evaluate((input: HTMLInputElement) => {
    input.setSelectionRange(7, 10)
  })
  await page.keyboard.type('btc')
  await expect(find).toHaveValue('sample_btc_usdt')
  await expect(page).toHaveURL(/find=sample_btc_usdt/)
})

test('an invalid URL is explained and the screen is offered without its parameters', async ({ page }) => {
  await page.goto('/runs?state=nonsense')
  await expect(page.getByRole('heading', { name: 'Invalid link' })).toBeVisible()
  await page.getByRole('link', { name: 'Open without parameters' }).click()
  await expect(page.getByRole('grid', { name: 'Runs' })).toBeVisible()

  await page.goto('/runs/NO_SUCH_RUN')
  await expect(page.getByRole('alert')).toContainText('NO_SUCH_RUN')
  await page.goto('/nowhere')
  await expect(page.getByRole('heading', { name: 'Page not found' })).toBeVisible()
})

test('every screen is reachable from the keyboard', async ({ page }) => {
  await page.goto('/runs')
  await page.getByRole('grid', { name: 'Runs' }).focus()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/\/runs\/SM[FS]_/)

  await page.keyboard.press('ControlOrMeta+k')
  await expect(page.getByRole('combobox', { name: 'Find a run, a config or a command' })).toBeFocused()
  await page.keyboard.type('Data')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { name: 'Data' })).toBeVisible()

  await page.keyboard.press('g')
  await page.keyboard.press('c')
  await expect(page.getByRole('heading', { name: 'Configs', exact: true })).toBeVisible()
  await page.keyboard.press('?')
  await expect(page.getByRole('dialog', { name: 'Shortcuts' })).toContainText('Go to Configs')
})
