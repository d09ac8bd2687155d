import type { Page } from '@playwright/test'

import type { Stack } from './stack'

/** A screen with real content; the stack has a finished run. */
export interface ScreenCase {
  name: string
  open: (page: Page, stack: Stack) => Promise<void>
}

/** Every screen: what axe looks at and what `make screenshots` draws. */
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
      await page.getByText('2 problems to mend first').waitFor()
      await page.getByRole('textbox', { name: 'JSON of the config' }).waitFor()
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
    name: 'live run',
    open: async (page, stack) => {
      const runId = await stack.createRun()
      await page.goto(`/runs/${runId}`)
      await page.getByRole('group', { name: 'Live equity' }).waitFor()
    },
  },
  {
    name: 'report',
    open: async (page, stack) => {
      await page.goto(`/runs/${await finishedRun(stack)}`)
      await page.getByText('succeeded').waitFor()
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
      await page.getByText('Filled size that the data backs').waitFor()
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
    name: 'commands',
    open: async (page) => {
      await page.goto('/runs')
      await page.getByRole('button', { name: 'Commands' }).click()
      await page.getByRole('dialog', { name: 'Commands' }).waitFor()
    },
  },
]

async function finishedRun(stack: Stack): Promise<string> {
  const { runs } = await stack.runner.listRuns({})
  return runs.find((run) => run.result !== undefined)?.runId ?? ''
}
