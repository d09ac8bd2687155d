import { test as base } from '@playwright/test'

import { Stack } from './stack'

/** A test on a real stack; paths are below the address that `tickreel up` prints. */
export const test = base.extend<object, { stack: Stack }>({
  stack: [
    async ({}, provide) => {
      const stack = await Stack.start()
      await provide(stack)
      await stack.stop()
    },
    { scope: 'worker', timeout: 180_000 },
  ],
  baseURL: async ({ stack }, provide) => {
    await provide(stack.url)
  },
})

export { expect } from '@playwright/test'
