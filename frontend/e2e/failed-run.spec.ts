import { expect, test } from './fixtures'

test.afterEach(({ stack }) => {
  stack.resume()
})

test('a run whose process dies says why, in the list, too, and is run again', async ({ page, stack }) => {
  const runId = await stack.createRun()
  await stack.hold(runId)
  await page.goto(`/runs/${runId}`)
  await expect(page.getByRole('group', { name: 'Live equity' })).toBeVisible()
  stack.crashWorkers()
  const end = page.getByRole('region', { name: 'How it ended' })
  await expect(end.getByRole('alert')).toContainText('the engine gave up')
  await expect(end.getByRole('alert')).toContainText('ENGINE_ABORTED')
  await expect(end.getByRole('alert')).toContainText('The log below has the last words of the engine.')

  await page.goto('/runs?state=failed')
  const row = page.getByRole('row', { name: new RegExp(runId) })
  await expect(row).toContainText('failed')
  await expect(row).toContainText('ENGINE_ABORTED')
  await row.getByRole('link').click()
  await end.getByRole('button', { name: 'Run again' }).click()
  await stack.hold()
  await expect(page).not.toHaveURL(new RegExp(runId))
  await expect(page.getByRole('progressbar', { name: 'replaying' })).toBeVisible()
  await page.getByRole('button', { name: 'Cancel run' }).click()
  stack.resume()
  await expect(page.getByText('Cancelled; nothing of it is left.')).toBeVisible()
})
