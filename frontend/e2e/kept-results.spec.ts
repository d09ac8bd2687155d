import { RunMode } from '../src/gen/tickreel/v1/result_pb'
import { expect, test } from './fixtures'

test('a run gets notes and tags, is found by them, and is deleted after confirmation', async ({ page, stack }) => {
  const runId = await stack.createRun({ mode: RunMode.FAST, minute: true })
  await stack.finish(runId)
  await page.goto(`/runs/${runId}`)
  await page.getByRole('button', { name: 'Notes and tags: none' }).click()
  await page.getByRole('textbox', { name: 'Add a tag' }).fill('wide-spread')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('list', { name: 'Tags' })).toContainText('wide-spread')
  await page.getByRole('textbox', { name: 'Notes' }).fill('Quiet until the hour,\nthen not.')
  await page.getByRole('textbox', { name: 'Add a tag' }).focus()
  await expect(page.getByText(/^Saved\. The result itself/)).toBeVisible()

  await page.reload()
  await page.getByRole('button', { name: 'Notes and tags: wide-spread' }).click()
  await expect(page.getByRole('textbox', { name: 'Notes' })).toHaveValue('Quiet until the hour,\nthen not.')

  const listed = page.getByRole('grid', { name: 'Runs' }).getByRole('link')
  await page.goto('/runs')
  await page.getByRole('searchbox', { name: /^Find by/ }).fill('quiet until')
  await expect(listed).toHaveText([runId])
  await page.getByRole('searchbox', { name: /^Find by/ }).fill('')
  await page.getByRole('combobox', { name: 'Tag' }).click()
  await page.getByRole('option', { name: 'wide-spread' }).click()
  await expect(listed).toHaveText([runId])
  await expect(page).toHaveURL(/tag=wide-spread/)

  await listed.click()
  await page.getByRole('button', { name: 'Delete this result' }).click()
  const question = page.getByRole('dialog', { name: 'Delete this result?' })
  await expect(question).toContainText(runId)
  await question.getByRole('button', { name: 'Cancel' }).click()
  await page.getByRole('button', { name: 'Delete this result' }).click()
  await question.getByRole('button', { name: 'Delete', exact: true }).click()
  await expect(page).toHaveURL(/\/runs$/)
  // An old link explains that the result was deleted, and offers to run it again.
  await page.goto(`/runs/${runId}`)
  await expect(page.getByText('The result of this run was deleted.')).toBeVisible()
  await page.getByRole('link', { name: 'Run again' }).click()
  await expect(page.getByText('Ready')).toBeVisible()

  // The list tolerates a missing result for some seconds after the end of a run.
  await expect(async () => {
    await page.goto('/runs')
    await expect(page.getByRole('row', { name: new RegExp(runId) })).toContainText('no result', { timeout: 15_000 })
  }).toPass()

  // The results service remembers the deletion, although the runner has forgotten the run.
  stack.tickreel('runs', 'delete', runId)
  await page.goto(`/runs/${runId}`)
  await expect(page.getByRole('alert')).toContainText(`the result ${runId} was deleted at`)
})
