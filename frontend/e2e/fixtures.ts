import { test as base } from '@playwright/test'

import { Stack } from './stack'

interface Stacks {
  /** `tickreel up` as it is after an installation: no data, no run. */
  installation: Stack
  /** The same, with sample data. */
  stack: Stack
}

/** A test on a real stack with sample data; paths are below the address that `tickreel up` prints. */
export const test = base.extend<object, Stacks>({
  installation: [
    async ({}, provide) => {
      const stack = await Stack.start()
      await provide(stack)
      await stack.stop()
    },
    { scope: 'worker', timeout: 180_000 },
  ],
  stack: [
    async ({ installation }, provide) => {
      await installation.makeSampleData()
      await provide(installation)
    },
    { scope: 'worker', timeout: 180_000 },
  ],
  baseURL: async ({ stack }, provide) => {
    await provide(stack.url)
  },
})

export { expect } from '@playwright/test'
