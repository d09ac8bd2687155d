import { expect, test } from './fixtures'

test.afterEach(({ stack }) => {
  stack.resume()
})

test('a crashed run shows its reason, also in the list, and can be run again', async ({ page, stack }) => {
  const runId = await stack.createRun()
  await stack.hold(runId)
  await page.goto(`/runs/${runId}`)
  await expect(page.getByRole('group', { name: 'Live equity' })).toBeVisible()
  stack.crashWorkers()
  const outcome = page.getByRole('region', { name: 'Outcome' })
  await expect(outcome.getByRole('alert')).toContainText('the engine gave up')
  await expect(outcome.getByRole('alert')).toContainText('ENGINE_ABORTED')
  await expect(outcome.getByRole('alert')).toContainText('The log below has the last output of the engine.')

  await page.goto('/runs?state=failed')
  const row = page.getByRole('row', { name: new RegExp(runId) })
  await expect(row).toContainText('failed')
  await expect(row).toContainText('ENGINE_ABORTED')
  await row.getByRole('link').click()
  await outcome.getByRole('button', { name: 'Run again' }).click()
  await stack.hold()
  await expect(page).not.toHaveURL(new RegExp(runId))
  await expect(page.getByRole('progressbar', { name: 'replaying' })).toBeVisible()
  await page.getByRole('button', { name: 'Cancel run' }).click()
  stack.resume()
  await expect(page.getByText('Cancelled. No result was kept.')).toBeVisible()
})
