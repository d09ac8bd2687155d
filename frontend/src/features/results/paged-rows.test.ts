import { expect, test, vi } from 'vitest'

import { PAGE_SIZE, PagedRows } from './paged-rows'

const total = 100_000
const load = (skip: number, size: number) =>
  Promise.resolve({ rows: Array.from({ length: Math.min(size, total - skip) }, (_, i) => skip + i), total })

test('rows around the visible ones are loaded, each at its index', async () => {
  const rows = new PagedRows(load)
  await rows.start()
  expect(rows.length).toBe(total)
  rows.see(50_000, 50_040)
  await vi.waitFor(() => {
    expect(rows.at(50_000 + PAGE_SIZE)).toBe(50_000 + PAGE_SIZE)
  })
  expect([rows.at(0), rows.at(50_017), rows.at(50_000 - PAGE_SIZE)]).toEqual([0, 50_017, 50_000 - PAGE_SIZE])
  expect(rows.at(80_000)).toBeUndefined()
})

test('requests for pages that are no longer visible are aborted', async () => {
  const signals: AbortSignal[] = []
  const rows = new PagedRows<number>((skip, size, signal) => {
    if (skip === 0) return load(skip, size)
    signals.push(signal)
    return new Promise(() => undefined)
  })
  await rows.start()
  rows.see(50_080, 50_120)
  rows.see(90_000, 90_040)
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, true, false])
})

test('neighbouring pages are prefetched after the visible ones, more of them in the scroll direction', async () => {
  const requested: number[] = []
  const answers: (() => void)[] = []
  const rows = new PagedRows<number>((skip, size) => {
    if (skip === 0) return load(skip, size)
    requested.push(skip / PAGE_SIZE)
    return new Promise((resolve) => {
      answers.push(() => {
        resolve(load(skip, size))
      })
    })
  })
  await rows.start()
  rows.see(50_080, 50_120)
  expect(requested).toEqual([500, 501])
  answers[0]?.()
  await vi.waitFor(() => {
    expect(rows.at(50_080)).toBe(50_080)
  })
  expect(requested).toEqual([500, 501])
  answers[1]?.()
  await vi.waitFor(() => {
    expect(requested).toEqual([500, 501, 502, 503, 504, 499])
  })
  rows.see(49_980, 50_020)
  expect(requested).toEqual([500, 501, 502, 503, 504, 499])
  answers[5]?.()
  await vi.waitFor(() => {
    expect(requested.slice(6)).toEqual([498, 497, 496])
  })
})

test('a failed page is requested again when it is visible again', async () => {
  const failing = vi.fn(load)
  const rows = new PagedRows(failing)
  failing.mockRejectedValueOnce(new Error('gone'))
  await rows.start()
  expect(rows.error?.message).toBe('gone')
  rows.see(0, 10)
  await vi.waitFor(() => {
    expect(rows.at(5)).toBe(5)
  })
  expect(rows.error).toBeUndefined()
})
