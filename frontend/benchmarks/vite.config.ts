import { join } from 'node:path'

import { defineConfig, mergeConfig } from 'vite'

import ui from '../vite.config'

const root = join(import.meta.dirname, '..')

/** The page that does the same in the plain way, put beside the built UI. */
export default mergeConfig(
  ui,
  defineConfig({
    root,
    build: { emptyOutDir: false, rolldownOptions: { input: join(root, 'benchmarks/plain.html') } },
  }),
)
