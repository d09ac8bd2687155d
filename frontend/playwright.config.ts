import { existsSync } from 'node:fs'

import { defineConfig } from '@playwright/test'

// Debian's Chromium if it is installed, else that of `npx playwright install chromium`.
const installed = '/usr/bin/chromium'

export default defineConfig({
  testDir: 'e2e',
  // One stack of services serves all tests in sequence; parallel tests would only compete for the cores.
  workers: 1,
  // Generous for machines that are ten times slower.
  timeout: 600_000,
  expect: { timeout: 120_000 },
  reporter: [['list'], ['html', { open: 'never' }]],
  use: {
    viewport: { width: 1440, height: 900 },
    // No screencast in traces and no animations: both cost CPU time in a browser without a GPU.
    trace: { mode: 'retain-on-failure', screenshots: false },
    contextOptions: { reducedMotion: 'reduce' },
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
