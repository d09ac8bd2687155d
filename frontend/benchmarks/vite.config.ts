import { join } from 'node:path'

import { defineConfig, mergeConfig } from 'vite'

import ui from '../vite.config'

const root = join(import.meta.dirname, '..')

/** The UI as it is, and a page beside it that does the same in the plain way. */
export default mergeConfig(
  ui,
  defineConfig({
    root,
    build: { rolldownOptions: { input: [join(root, 'index.html'), join(root, 'benchmarks/plain.html')] } },
  }),
)
