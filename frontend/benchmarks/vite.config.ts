import { join } from 'node:path'

import { defineConfig, mergeConfig } from 'vite'

import ui from '../vite.config'

const root = join(import.meta.dirname, '..')

/** Adds the page with the plain client to the built UI. */
export default mergeConfig(
  ui,
  defineConfig({
    root,
    build: { emptyOutDir: false, rolldownOptions: { input: join(root, 'benchmarks/plain.html') } },
  }),
)
