import { RunMode } from '../src/gen/tickreel/v1/result_pb'
import { expect, test } from './fixtures'

test('a run gets notes and tags, is found by them, and is deleted once that is confirmed', async ({ page, stack }) => {
  const runId = await stack.createRun({ mode: RunMode.FAST, minute: true })
  await stack.finish(runId)
  await page.goto(`/runs/${runId}`)
  await page.getByRole('button', { name: 'Notes and tags: none' }).click()
  await page.getByRole('textbox', { name: 'Add a tag' }).fill('wide-spread')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('list', { name: 'Tags' })).toContainText('wide-spread')
  await page.getByRole('textbox', { name: 'Notes' }).fill('Quiet until the hour,\nthen not.')
  await page.getByRole('textbox', { name: 'Add a tag' }).focus()
  await expect(page.getByText(/^Saved beside the result/)).toBeVisible()

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
  await question.getByRole('button', { name: 'Keep it' }).click()
  await page.getByRole('button', { name: 'Delete this result' }).click()
  await question.getByRole('button', { name: 'Delete', exact: true }).click()
  await expect(page).toHaveURL(/\/runs$/)
  // Who kept the link is told, and can have it again.
  await page.goto(`/runs/${runId}`)
  await expect(page.getByText('The result of this run was deleted.')).toBeVisible()
  await page.getByRole('link', { name: 'Run again' }).click()
  await expect(page.getByText('Ready')).toBeVisible()

  // The list gives the result of a run that has just ended some seconds to come.
  await expect(async () => {
    await page.goto('/runs')
    await expect(page.getByRole('row', { name: new RegExp(runId) })).toContainText('no result', { timeout: 15_000 })
  }).toPass()

  // The results remember it, though the runner does not.
  stack.tickreel('runs', 'delete', runId)
  await page.goto(`/runs/${runId}`)
  await expect(page.getByRole('alert')).toContainText(`the result ${runId} was deleted at`)
})
