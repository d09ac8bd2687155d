import { execFileSync } from 'node:child_process'
import { resolve } from 'node:path'

import AxeBuilder from '@axe-core/playwright'
import type { Page } from '@playwright/test'

import { expect, test } from './fixtures'
import type { Stack } from './stack'

const BIN = resolve(import.meta.dirname, '../../.venv/bin')

/** First minute of the sample data: a run of it takes a second. */
const MINUTE = 'config=sample_btc_usdt&snapshot_mode=both&start=2024-05-17T22:00:00Z&end=2024-05-17T22:01:00Z'

const run = (page: Page) => page.getByRole('button', { name: 'Run', exact: true })
const ready = (page: Page) => expect(page.getByText('Ready')).toBeVisible()

test('a run is launched from an empty form and watched', async ({ page }) => {
  await page.goto('/')
  await expect(page.getByText('Choose a config', { exact: true }).last()).toBeVisible()
  await expect(run(page)).toBeDisabled()
  await page.getByRole('button', { name: /^sample_btc_usdt/ }).click()
  await expect(page.getByText('Choose what to replay: trades, book or both')).toBeVisible()
  await page.getByRole('radio', { name: 'Both' }).click()
  await ready(page)
  await expect(page.getByRole('region', { name: 'Replay preview' })).toContainText('120,000')

  await page.getByRole('button', { name: 'First minute' }).click()
  await page.getByRole('radio', { name: 'Full' }).click()
  await expect(page.getByRole('switch', { name: /^Export ticks/ })).toBeChecked()
  await ready(page)
  await expect(page).toHaveURL(/config=sample_btc_usdt&.*full=true/)

  await page.keyboard.press('ControlOrMeta+Enter')
  await expect(page).toHaveURL(/\/runs\/SMF_BTC_/)
  await expect(page.getByText('succeeded')).toBeVisible()
})

test('problems are shown at their fields, in one list, and at their lines in the JSON', async ({ page }) => {
  await page.goto(`/?${MINUTE}`)
  await ready(page)
  await page.getByRole('button', { name: 'Edit JSON' }).click()
  const editor = page.getByRole('textbox', { name: 'JSON of the config' })
  await expect(editor).toBeVisible()

  await page.getByRole('textbox', { name: 'Risk throttle' }).fill('0')
  await expect(page.getByText('is 0; it must be at least 1').first()).toBeVisible()
  await expect(page.getByRole('textbox', { name: 'Risk throttle' })).toHaveAccessibleDescription(/at least 1/)
  await expect(page.getByText('1 problem to fix first')).toBeVisible()
  await expect(run(page)).toBeDisabled()
  await expect(editor.locator('.cm-lintRange-error')).toHaveText('0')

  await page.getByRole('textbox', { name: 'Start' }).fill('2030-01-01')
  const problems = page.getByRole('region', { name: 'Problems' })
  await expect(problems).toContainText('risk.throttling_per_sec')
  await expect(problems).toContainText('time_window')
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([])

  await page.getByRole('button', { name: 'From config' }).click()
  await page.getByRole('button', { name: 'Revert' }).click()
  await ready(page)
})

test('a reload at any moment keeps the form as filled in', async ({ page }) => {
  await page.goto(`/?${MINUTE}`)
  const end = page.getByRole('textbox', { name: 'End' })
  await end.fill('2024-05-17T22:00:5')
  await end.press('End')
  await page.keyboard.type('9.000000007Z')
  const typed = await end.evaluate((input: HTMLInputElement) => {
    location.reload()
    return input.value
  })
  expect(typed).toBe('2024-05-17T22:00:59.000000007Z')
  await page.waitForLoadState()
  await expect(end).toHaveValue(typed)

  await page.getByRole('radio', { name: 'Full' }).click()
  await page.evaluate(() => {
    location.reload()
  })
  await page.waitForLoadState()
  await expect(page.getByRole('radio', { name: 'Full' })).toBeChecked()
})

test('an edited config gets completions and runs as edited', async ({ page, stack }) => {
  await page.goto(`/?${MINUTE}&json=true`)
  const editor = page.getByRole('textbox', { name: 'JSON of the config' })
  await editor.getByText('"maker_fee"').click()
  await page.keyboard.press('End')
  await page.keyboard.type('\n"l')
  const latency = page.getByRole('option', { name: 'latency' })
  await latency.waitFor()
  // Typing on narrows the list and moves the closing quote, which the completion replaces.
  await page.keyboard.type('atenc')
  await latency.click()
  await page.keyboard.type('"base_latency_nanos": 1000000')
  await ready(page)
  await expect(page.getByText(/^Edited/)).toBeVisible()

  // The edit is in the address.
  await page.reload()
  await ready(page)
  await expect(editor).toContainText('"base_latency_nanos": 1000000')
  const runId = await launched(page)
  const { config } = (await stack.runner.getRun({ runId })).run ?? {}
  expect(config?.venue?.latency?.baseLatencyNanos).toBe(1_000_000)

  await page.goto(`/?from=${runId}`)
  await ready(page)
  await expect(page.getByRole('radio', { name: 'Both' })).toBeChecked()
  await expect(page.getByRole('textbox', { name: 'End' })).toHaveValue('2024-05-17T22:01:00Z')
})

for (const { name, edit } of [
  { name: 'an unedited config', edit: undefined },
  { name: 'an edited config', edit: { risk: { throttling_per_sec: 5 } } },
]) {
  test(`the shown commands create the same run as the page: ${name}`, async ({ page, stack }) => {
    const edited = edit === undefined ? '' : `&edit=${encodeURIComponent(JSON.stringify(edit))}`
    await page.goto(`/?${MINUTE}${edited}&instrument=SAMPLE-FUTURES:PERPETUAL:BTC-USDT@LIN&dataset=day-2024-05-17`)
    await ready(page)
    const commands = [await shownCommand(page, 'tickreel'), await shownCommand(page, 'grpcurl')]
    const ids = [await launched(page)]
    for (const command of commands) {
      const env = { ...process.env, PATH: `${BIN}:${process.env.PATH ?? ''}` }
      const printed = execFileSync('bash', ['-c', command], { env, encoding: 'utf8', stdio: 'pipe' })
      ids.push(/SMF_BTC_\w+/.exec(printed)?.[0] ?? printed)
    }
    expect(new Set(ids).size).toBe(3)
    const digests = await Promise.all(ids.map((runId) => digestsOf(stack, runId)))
    expect(digests[1]).toEqual(digests[0])
    expect(digests[2]).toEqual(digests[0])
  })
}

test('a double click creates one run', async ({ page, stack }) => {
  const count = async () => (await stack.runner.listRuns({ pageSize: 500 })).runs.length
  await page.goto(`/?${MINUTE}`)
  await ready(page)
  const before = await count()
  await run(page).dblclick()
  await expect(page).toHaveURL(/\/runs\//)
  expect(await count()).toBe(before + 1)
})

/** Launch the run of the form and return its id. */
async function launched(page: Page): Promise<string> {
  await run(page).click()
  await expect(page).toHaveURL(/\/runs\//)
  return new URL(page.url()).pathname.replace('/runs/', '')
}

async function shownCommand(page: Page, tool: string): Promise<string> {
  await page.getByRole('radio', { name: tool }).click()
  return page.getByRole('region', { name: `Command for ${tool}` }).innerText()
}

async function digestsOf(stack: Stack, runId: string) {
  await stack.finish(runId)
  const { run } = await stack.runner.getRun({ runId })
  const { configDigest, dataDigest, resultDigest } = run?.result?.metadata ?? {}
  expect(resultDigest, run?.failure?.message).toBeTruthy()
  return { configDigest, dataDigest, resultDigest }
}
