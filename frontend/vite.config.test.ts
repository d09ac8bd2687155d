// @vitest-environment node
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { build, createServer, type InlineConfig } from 'vite'
import { afterEach, beforeEach, expect, test } from 'vitest'

let root: string
let config: InlineConfig

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'tickreel-ui-'))
  await mkdir(join(root, 'public/tickdata'), { recursive: true })
  await writeFile(join(root, 'index.html'), '<!doctype html><title>A page</title>')
  await writeFile(join(root, 'public/tickdata/run.json'), '[]')
  config = { root, configFile: join(import.meta.dirname, 'vite.config.ts'), logLevel: 'error' }
})

afterEach(() => rm(root, { recursive: true }))

test('exported ticks are not copied into the build', async () => {
  await build(config)
  expect(await readdir(join(root, 'dist'), { recursive: true })).toEqual(['index.html'])
})

test('exported ticks are not watched by the dev server', async () => {
  const server = await createServer({ ...config, server: { port: 0, strictPort: false, ws: false } })
  const seen: string[] = []
  const ready = new Promise((resolve) => server.watcher.once('ready', resolve))
  await ready
  const changed = new Promise((resolve) => server.watcher.once('change', resolve))
  server.watcher.on('all', (_, path) => seen.push(path))
  await writeFile(join(root, 'public/tickdata/run.json'), '[1]')
  await writeFile(join(root, 'public/tickdata/other.json'), '[]')
  await writeFile(join(root, 'index.html'), '<!doctype html><title>Another page</title>')
  await changed
  await server.close()
  expect(seen).toEqual([join(root, 'index.html')])
})
