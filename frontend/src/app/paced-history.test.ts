import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { pacedHistory } from './paced-history'

beforeEach(() => {
  vi.useFakeTimers()
  // Refill the allowance that the previous test used up.
  vi.advanceTimersByTime(60_000)
})

afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

/** A paced history, a `replace` that waits for microtasks, and the URLs that reached the browser. */
function open() {
  const history = pacedHistory()
  const native = vi.spyOn(window.history, 'replaceState')
  const replace = async (step: number) => {
    history.replace(`/?step=${step}`)
    await Promise.resolve()
  }
  return { history, native, replace }
}

test('every step of a short gesture reaches the URL', async () => {
  const { replace } = open()
  for (let step = 0; step < 40; step++) {
    await replace(step)
    expect(location.search).toBe(`?step=${step}`)
  }
})

test('a long gesture stays below browser rate limits, and its last step still reaches the URL', async () => {
  const { native, replace } = open()
  const times: number[] = []
  for (let step = 0; step < 3_000; step++) {
    await replace(step)
    vi.advanceTimersByTime(16)
    while (times.length < native.mock.calls.length) times.push(performance.now())
  }
  vi.advanceTimersByTime(200)
  expect(location.search).toBe('?step=2999')
  const busiest = Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + 10_000).length))
  expect(busiest).toBeLessThanOrEqual(100)
  expect(times.length).toBeGreaterThan(200)
})

test.each([
  ['the pointer is released', () => window.dispatchEvent(new Event('pointerup'))],
  ['a key is pressed', () => window.dispatchEvent(new KeyboardEvent('keydown', { key: 'F5' }))],
  ['the pointer leaves the page', () => document.dispatchEvent(new Event('mouseleave'))],
  ['the page is left', () => window.dispatchEvent(new Event('beforeunload'))],
])('a pending write is flushed when %s', async (_, happens) => {
  const { replace } = open()
  for (let step = 0; step < 60; step++) await replace(step)
  expect(location.search).toBe('?step=49')
  happens()
  expect(location.search).toBe('?step=59')
})

test('a pending write is flushed before a new history entry is pushed', async () => {
  const { history, native, replace } = open()
  const entries = window.history.length
  for (let step = 0; step < 60; step++) await replace(step)
  history.push('/next')
  await Promise.resolve()
  expect(native.mock.lastCall?.[2]).toBe('/?step=59')
  expect(location.pathname).toBe('/next')
  expect(window.history.length).toBe(entries + 1)
})

test('a write that the browser refuses is retried', async () => {
  const { native, replace } = open()
  native.mockImplementationOnce(() => {
    throw new DOMException('more than 100 times per 10 seconds', 'SecurityError')
  })
  await replace(1)
  expect(location.search).not.toBe('?step=1')
  vi.advanceTimersByTime(1_000)
  expect(location.search).toBe('?step=1')
})
