import type { Page } from '@playwright/test'

import { RUNNER_SLOTS, type Stack } from './stack'

/** A screen with real content, on a stack with a finished run. */
export interface ScreenCase {
  name: string
  open: (page: Page, stack: Stack) => Promise<void>
}

/** Every screen, for the accessibility tests and for `make screenshots`. */
export const SCREENS: readonly ScreenCase[] = [
  {
    name: 'run',
    open: async (page) => {
      await page.goto('/?config=sample_btc_usdt&snapshot_mode=both&full=true')
      await page.getByText('Ready').waitFor()
    },
  },
  {
    name: 'first view',
    open: async (page) => {
      await page.goto('/')
      await page.getByRole('list', { name: 'Recent runs' }).waitFor()
    },
  },
  {
    name: 'run json',
    open: async (page) => {
      const edit = JSON.stringify({ venue: { taker_fee: 'x' }, risk: { throttling_per_sec: 0 } })
      await page.goto(`/?config=sample_btc_usdt&snapshot_mode=both&json=true&edit=${encodeURIComponent(edit)}`)
      await page.getByText('2 problems to fix first').waitFor()
      await page.getByRole('textbox', { name: 'JSON of the config' }).waitFor()
    },
  },
  {
    name: 'live run',
    open: async (page, stack) => {
      const runId = await stack.createRun()
      await stack.hold(runId)
      await page.goto(`/runs/${runId}`)
      await page.getByRole('group', { name: 'Live equity' }).waitFor()
    },
  },
  {
    name: 'report',
    open: async (page, stack) => {
      await page.goto(`/runs/${await finishedRun(stack)}`)
      await page.getByText('succeeded').first().waitFor()
    },
  },
  {
    name: 'statistics',
    open: async (page, stack) => {
      await page.goto(`/runs/${await finishedRun(stack)}?tab=statistics`)
      await page.getByRole('figure', { name: 'PnL by hour of the day' }).waitFor()
    },
  },
  {
    name: 'audit',
    open: async (page, stack) => {
      await page.goto(`/runs/${await finishedRun(stack)}?tab=audit`)
      await page.getByText('Filled size backed by the data').waitFor()
    },
  },
  {
    name: 'raw data',
    open: async (page) => {
      await page.goto('/data')
      await page.getByRole('grid', { name: /^Files of/ }).waitFor()
    },
  },
  {
    name: 'catalog',
    open: async (page) => {
      await page.goto('/data?view=catalog')
      await page.getByRole('grid', { name: /^Coverage of/ }).waitFor()
    },
  },
  {
    name: 'conversions',
    open: async (page) => {
      await page.goto('/data?view=conversions')
      await page.getByRole('grid', { name: /^Files of/ }).waitFor()
    },
  },
  {
    name: 'configs',
    open: async (page) => {
      await page.goto('/configs')
      await page.getByText('"instrument"').waitFor()
    },
  },
  {
    name: 'notes',
    open: async (page, stack) => {
      await page.goto(`/runs/${await finishedRun(stack)}`)
      await page.getByRole('button', { name: 'Notes' }).click()
      await page.getByRole('textbox', { name: 'Add a tag' }).waitFor()
    },
  },
  {
    name: 'delete',
    open: async (page, stack) => {
      await page.goto(`/runs/${await finishedRun(stack)}`)
      await page.getByRole('button', { name: 'Delete' }).click()
      await page.getByRole('dialog', { name: 'Delete this result?' }).waitFor()
    },
  },
  {
    name: 'verified, equal',
    open: async (page, stack) => {
      await page.goto(`/runs/${await equalRun(stack)}`)
      await page.getByText('Equal.').waitFor()
    },
  },
  {
    name: 'verified, different',
    open: async (page, stack) => {
      await page.goto(`/runs/${await differentRun(stack)}`)
      await page.getByText('Different.').waitFor()
    },
  },
  {
    name: 'verifications',
    open: async (page, stack) => {
      await equalRun(stack)
      await page.goto('/runs?state=verifications')
      await page.getByText('equal').first().waitFor()
    },
  },
  {
    name: 'failed run',
    open: async (page, stack) => {
      const runId = await stack.createRun()
      await stack.hold(runId)
      await page.goto(`/runs/${runId}`)
      await page.getByRole('group', { name: 'Live equity' }).waitFor()
      stack.crashWorkers()
      await page.getByText('ENGINE_ABORTED').first().waitFor()
    },
  },
  {
    name: 'cancelled run',
    open: async (page, stack) => {
      const runId = await stack.createRun()
      await stack.hold(runId)
      await page.goto(`/runs/${runId}`)
      await page.getByRole('button', { name: 'Cancel run' }).click()
      stack.resume()
      await page.getByText('Cancelled. No result was kept.').waitFor()
    },
  },
  {
    name: 'queued run',
    open: async (page, stack) => {
      await page.goto(`/runs/${await queuedRun(stack)}`)
      await page.getByText(/in the queue/).waitFor()
    },
  },
  {
    name: 'runs',
    open: async (page) => {
      await page.goto('/runs')
      await page.getByRole('link', { name: /SOL/ }).first().waitFor()
    },
  },
  {
    name: 'commands',
    open: async (page) => {
      await page.goto('/runs')
      await page.getByRole('button', { name: 'Commands' }).click()
      await page.getByRole('dialog', { name: 'Commands' }).waitFor()
    },
  },
  {
    name: 'shortcuts',
    open: async (page, stack) => {
      await page.goto(`/runs/${await finishedRun(stack)}`)
      await page.getByText('succeeded').first().waitFor()
      await page.keyboard.press('?')
      await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor()
    },
  },
  {
    name: 'gateway away',
    open: async (page) => {
      await page.route(/tickreel\.v1\./, (route) => route.abort())
      await page.goto('/runs')
      await page.getByText('The gateway cannot be reached.').waitFor()
    },
  },
]

async function finishedRun(stack: Stack): Promise<string> {
  const { runs } = await stack.runner.listRuns({})
  return runs.find((run) => run.figures !== undefined)?.runId ?? ''
}

const equalRuns = new WeakMap<Stack, Promise<string>>()

/** A run whose verification is equal; the same one for all screens of a stack. */
async function equalRun(stack: Stack): Promise<string> {
  let runId = equalRuns.get(stack)
  if (runId === undefined) {
    runId = verifiedRun(stack)
    equalRuns.set(stack, runId)
  }
  return runId
}

/** A run whose stored result was edited, so that its verification finds a difference. */
function differentRun(stack: Stack): Promise<string> {
  return verifiedRun(stack, (runId) => {
    stack.python(`
import json
from pathlib import Path
path = Path("data/backtest_results/full/${runId}/summary.json")
result = json.loads(path.read_text())
result["summary"]["fees"] = "0.01"
path.write_text(json.dumps(result))`)
  })
}

/** A run and its verification, with an optional edit between them. */
async function verifiedRun(stack: Stack, edit?: (runId: string) => void): Promise<string> {
  const runId = await stack.createRun({ configId: 'sample_sol_usdt', minute: true })
  await stack.finish(runId)
  edit?.(runId)
  const { run } = await stack.runner.verifyRun({ requestId: crypto.randomUUID(), runId })
  await stack.finish(run?.runId ?? '')
  return runId
}

/** A run that stays queued, since held runs take all slots. */
async function queuedRun(stack: Stack): Promise<string> {
  for (let slot = 0; slot < RUNNER_SLOTS; slot++) await stack.hold(await stack.createRun())
  return stack.createRun()
}
