/**
 * Measure the UI in headless Chromium through the gateway and print the results as JSON.
 *
 *     node benchmarks/browser.ts URL REPORT_RUN STREAM_RUN LAUNCHES
 */
import { existsSync } from 'node:fs'

import { type Browser, chromium, type Page } from '@playwright/test'

const [url = '', reportRun = '', streamRun = '', launches = '6'] = process.argv.slice(2)

/** Rows for the plain client, which is slow. */
const PLAIN_ROWS = 500_000

const installed = '/usr/bin/chromium'
const browser = await chromium.launch({
  ...(existsSync(installed) && { executablePath: installed }),
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking', '--disable-sync'],
})
try {
  const found = {
    ...(await stream(browser)),
    ...(await report(browser)),
    ...(await launch(browser)),
  }
  console.log(JSON.stringify(found))
} finally {
  await browser.close()
}

/** Load all ticks of a run into the worker, as the button of the page does. */
async function stream(browser: Browser) {
  const page = await open(browser, `/runs/${streamRun}`)
  // The page loads few ticks automatically.
  const button = page.getByRole('button', { name: 'Load all ticks' })
  await button.or(page.getByText('all ticks loaded')).waitFor()
  const asked = await button.isVisible()
  // Wait for all charts: the first view of a run builds its columns, which is measured separately below.
  await page.waitForFunction(() => {
    const answers = performance.getEntriesByType('resource').filter(({ name }) => /Sample(Ticks|Equity)$/.test(name))
    return answers.length >= 3
  })
  if (asked) await page.waitForTimeout(1_000)
  await page.evaluate(watchBlocks)
  if (asked) await button.click()
  const { milliseconds, rows } = await page.evaluate(async () => {
    const start = performance.now()
    for (;;) {
      const text = document.body.textContent
      if (text.includes('all ticks loaded')) {
        const times = Reflect.get(globalThis, 'blocks') as number[]
        return { milliseconds: performance.now() - start, rows: times.length }
      }
      await new Promise((resolve) => requestAnimationFrame(resolve))
    }
  })
  const longest = await page.evaluate(longestBlock)
  await page.close()

  const plain = await open(browser, '/benchmarks/plain.html')
  await plain.waitForFunction(() => 'streamPlainly' in globalThis)
  const plainly = await plain.evaluate(
    ([runId, most]) => {
      type Plainly = (runId: string, most: number) => Promise<{ rows: number; milliseconds: number }>
      return (Reflect.get(globalThis, 'streamPlainly') as Plainly)(runId, most)
    },
    [streamRun, PLAIN_ROWS] as const,
  )
  await plain.close()
  return { streamSeconds: milliseconds / 1_000, frames: rows, longestBlock: longest, plain: plainly }
}

/** A report of a million ticks and orders: first drawing, zooming and panning, scrolling the orders. */
async function report(browser: Browser) {
  const cold = await firstChart(browser)
  await cold.page.close()
  const { page, milliseconds } = await firstChart(browser)
  await page.getByText('all ticks loaded').waitFor({ timeout: 30_000 })
  await page.waitForTimeout(500)
  const moves = await zoomAndPan(page)
  const blank = await scrollOrders(page)
  await page.close()
  return { coldChart: cold.milliseconds, firstChart: milliseconds, ...moves, longestBlank: blank }
}

/** Milliseconds from the navigation to the first frame with the price line. */
async function firstChart(browser: Browser): Promise<{ page: Page; milliseconds: number }> {
  const page = await open(browser, 'about:blank')
  await page.addInitScript(() => {
    const look = () => {
      const text = document.querySelector('section[aria-label="Ticks"] header')?.textContent ?? ''
      if (/\d/.test(text)) requestAnimationFrame(() => Object.assign(globalThis, { drawnAt: performance.now() }))
      else requestAnimationFrame(look)
    }
    look()
  })
  await page.goto(`${url}/runs/${reportRun}`)
  await page.waitForFunction(() => 'drawnAt' in globalThis, undefined, { timeout: 60_000 })
  return { page, milliseconds: await page.evaluate(() => Reflect.get(globalThis, 'drawnAt') as number) }
}

/** Zoom and drag; returns the longest frame and the longest answer of a service. */
async function zoomAndPan(page: Page): Promise<{ longestFrame: number; longestAnswer: number; answers: number }> {
  const box = await page.getByRole('region', { name: 'Ticks' }).boundingBox()
  if (!box) throw new Error('no tick chart found')
  const [x, y] = [box.x + box.width * 0.4, box.y + box.height / 2]
  await page.mouse.move(x, y)
  await page.evaluate(watchBlocks)
  await page.evaluate(() => {
    performance.clearResourceTimings()
    performance.setResourceTimingBufferSize(5_000)
  })
  for (const direction of [-1, 1, -1]) {
    for (let i = 0; i < 40; i++) {
      await page.mouse.wheel(0, direction * 100)
      await page.waitForTimeout(16)
    }
  }
  for (const to of [200, -300, 250, -150]) {
    await page.mouse.down()
    await page.mouse.move(x + to, y, { steps: 20 })
    await page.mouse.up()
    await page.mouse.move(x, y)
  }
  await page.waitForTimeout(300)
  const longestFrame = await page.evaluate(longestBlock)
  const answers = await page.evaluate(() =>
    performance
      .getEntriesByType('resource')
      .filter(({ name }) => /Sample(Ticks|Equity|Quotes)$/.test(name))
      .map(({ duration }) => duration),
  )
  return { longestFrame, longestAnswer: Math.max(0, ...answers), answers: answers.length }
}

/** Jump and scroll through the orders; returns the longest time that a visible row was blank. */
async function scrollOrders(page: Page): Promise<number> {
  return page.getByRole('grid', { name: 'Orders' }).evaluate(async (grid) => {
    let since: number | undefined
    let longest = 0
    let watching = true
    const watch = () => {
      const { top, bottom } = grid.getBoundingClientRect()
      const blank = [...grid.querySelectorAll('[role=row] .animate-pulse')].some((skeleton) => {
        const at = skeleton.getBoundingClientRect()
        return at.bottom > top && at.top < bottom
      })
      const now = performance.now()
      if (blank) longest = Math.max(longest, now - (since ??= now))
      else since = undefined
      if (watching) requestAnimationFrame(watch)
    }
    requestAnimationFrame(watch)
    const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))
    for (const share of [0.5, 0.1, 0.9, 0.33, 0.71, 0.02, 0.64]) {
      grid.scrollTop = grid.scrollHeight * share
      await pause(250)
    }
    for (let i = 0; i < 120; i++) {
      grid.scrollTop += 300
      await pause(16)
    }
    watching = false
    return longest
  })
}

/** Time from the click on Run to the first progress on the screen, and the time of CreateRun within it. */
async function launch(browser: Browser) {
  const page = await open(browser, 'about:blank')
  const found: { progress: number; created: number }[] = []
  // The first launch converts the data and warms the caches.
  for (let i = 0; i < Number(launches); i++) {
    await page.goto(`${url}/?config=sample_btc_usdt&snapshot_mode=both`)
    await page.getByText('Ready').waitFor()
    await page.waitForTimeout(500)
    found.push(await page.evaluate(clickAndWait))
    await page.getByRole('button', { name: 'Cancel run' }).click()
    await page.getByText('Cancelled. No result was kept.').waitFor()
  }
  await page.close()
  const median = (values: number[]) => values.sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? NaN
  const warm = found.length > 1 ? found.slice(1) : found
  return {
    firstProgress: median(warm.map(({ progress }) => progress)),
    created: median(warm.map(({ created }) => created)),
    launches: warm.length,
  }
}

/** Click Run and wait until the run shows a phase; runs in the page. */
async function clickAndWait(): Promise<{ progress: number; created: number }> {
  performance.clearResourceTimings()
  const start = performance.now()
  const button = [...document.querySelectorAll('button')].find(({ textContent }) => textContent === 'Run')
  button?.click()
  while (document.querySelector('li[aria-current=step]') === null) {
    await new Promise((resolve) => requestAnimationFrame(resolve))
  }
  const progress = performance.now() - start
  const call = performance.getEntriesByType('resource').find(({ name }) => name.endsWith('/CreateRun'))
  return { progress, created: call?.duration ?? NaN }
}

async function open(browser: Browser, path: string): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
  await page.goto(path.startsWith('about:') ? path : url + path)
  return page
}

/** Record the time of each frame; runs in the page. */
function watchBlocks(): void {
  const times: number[] = [performance.now()]
  Object.assign(globalThis, { blocks: times })
  const note = () => {
    times.push(performance.now())
    requestAnimationFrame(note)
  }
  requestAnimationFrame(note)
}

/** Longest time between two recorded frames in milliseconds; runs in the page. */
function longestBlock(): number {
  const times = Reflect.get(globalThis, 'blocks') as number[]
  return Math.max(...times.slice(1).map((time, i) => time - (times[i] ?? time)))
}
