import { test as base } from '@playwright/test'

import { Stack } from './stack'

interface Stacks {
  /** `tickreel up` on a fresh installation, without data and runs. */
  installation: Stack
  /** The same stack with sample data. */
  stack: Stack
}

/** CPU slowdown of the browser; E2E_CPU_THROTTLE=4 finds tests that depend on its speed. */
const CPU_THROTTLE = Number(process.env.E2E_CPU_THROTTLE ?? 1)

/** Test on a real stack with sample data; paths are relative to the URL that `tickreel up` prints. */
export const test = base.extend<object, Stacks>({
  installation: [
    async ({}, provide) => {
      const stack = await Stack.start()
      await provide(stack)
      await stack.stop()
    },
    { scope: 'worker', timeout: 600_000 },
  ],
  stack: [
    async ({ installation }, provide) => {
      await installation.makeSampleData()
      await provide(installation)
    },
    { scope: 'worker', timeout: 600_000 },
  ],
  baseURL: async ({ stack }, provide) => {
    await provide(stack.url)
  },
  page: async ({ page }, provide) => {
    if (CPU_THROTTLE > 1) {
      const session = await page.context().newCDPSession(page)
      await session.send('Emulation.setCPUThrottlingRate', { rate: CPU_THROTTLE })
    }
    await provide(page)
  },
})

export { expect } from '@playwright/test'
