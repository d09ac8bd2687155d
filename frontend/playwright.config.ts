import { existsSync } from 'node:fs'

import { defineConfig } from '@playwright/test'

// Debian's Chromium where it is installed; elsewhere the one that `npx playwright install chromium` brings.
const installed = '/usr/bin/chromium'

export default defineConfig({
  testDir: 'e2e',
  // One stack of services serves all tests, one after another: they would share its cores anyway.
  workers: 1,
  // Limits of a machine that is ten times slower: no test passes or fails by them elsewhere.
  timeout: 600_000,
  expect: { timeout: 120_000 },
  reporter: [['list'], ['html', { open: 'never' }]],
  use: {
    viewport: { width: 1440, height: 900 },
    trace: 'retain-on-failure',
    launchOptions: {
      ...(existsSync(installed) && { executablePath: installed }),
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
  projects: [
    { name: 'e2e', testIgnore: 'screenshots.spec.ts' },
    { name: 'screenshots', testMatch: 'screenshots.spec.ts' },
  ],
})
