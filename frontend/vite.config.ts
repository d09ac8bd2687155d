import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

import { precompress } from './precompress.ts'

/** Where the gateway listens; the dev server hands calls on to it, so that a page talks to its own origin everywhere. */
const gateway = process.env.TICKREEL_GATEWAY_ADDRESS ?? '127.0.0.1:8000'

/**
 * Few files instead of one for each part that two screens share: a browser fetches six at a time, and what a screen needs of
 * them it needs before it can draw. `frame` is there first, every screen takes `parts`, and two of them `charts`.
 */
const groups = [
  { name: 'frame', tags: ['$initial' as const], priority: 3 },
  { name: 'charts', test: /src\/charts|uplot/, priority: 2 },
  { name: 'parts', minShareCount: 2, priority: 1 },
]

export default defineConfig({
  plugins: [react(), tailwindcss(), precompress()],
  resolve: { tsconfigPaths: true },
  // Runs export ticks into public/tickdata, gigabytes of them: nothing there is part of the page or a reason to reload it.
  publicDir: false,
  server: {
    port: 5173,
    strictPort: true,
    watch: { ignored: ['**/public/tickdata/**'] },
    proxy: { '^/tickreel\\.v1\\.': { target: `http://${gateway}` } },
  },
  build: {
    target: 'es2023',
    reportCompressedSize: false,
    rolldownOptions: { output: { codeSplitting: { groups } } },
  },
  worker: { format: 'es' },
  test: {
    testTimeout: 30_000,
    restoreMocks: true,
    projects: [
      {
        extends: true,
        test: {
          name: 'ui',
          include: ['src/**/*.test.{ts,tsx}'],
          environment: 'jsdom',
          setupFiles: ['src/test-setup.ts'],
          // Loads jsdom and the modules once per thread instead of once per file: a third of the CPU time.
          pool: 'vmThreads',
        },
      },
      // Vite itself does not run in a vm context.
      { extends: true, test: { name: 'build', include: ['*.test.ts'], environment: 'node' } },
    ],
  },
})
