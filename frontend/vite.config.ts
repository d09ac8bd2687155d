import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

import { precompress } from './precompress.ts'

/** Address of the gateway. The dev server proxies calls to it, so that a page always talks to its own origin. */
const gateway = process.env.TICKREEL_GATEWAY_ADDRESS ?? '127.0.0.1:8000'

/**
 * Few chunks instead of one for each module that two screens share, since a browser fetches only six files at a time and a
 * screen cannot draw before it has all of them. `frame` loads first; every screen needs `parts`, and two need `charts`.
 */
const groups = [
  { name: 'frame', tags: ['$initial' as const], priority: 3 },
  { name: 'charts', test: /src\/charts|uplot/, priority: 2 },
  { name: 'parts', minShareCount: 2, priority: 1 },
]

export default defineConfig({
  plugins: [react(), tailwindcss(), precompress()],
  resolve: { tsconfigPaths: true },
  // Runs export gigabytes of ticks into public/tickdata, which must be neither copied into the build nor watched.
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
          // Files share the modules and the DOM of a worker, which saves 40 % of the CPU time. The setup file resets what tests change.
          isolate: false,
          unstubGlobals: true,
        },
      },
      { extends: true, test: { name: 'build', include: ['*.test.ts'], environment: 'node' } },
    ],
  },
})
