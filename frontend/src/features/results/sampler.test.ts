import { expect, test, vi } from 'vitest'

import type { Span } from '@/charts/span'

import { type Sample, Sampler } from './sampler'

const bounds = { from: 0, to: 1_000e9 }

/** A service that answers on demand. */
function slowService(complete = false) {
  const requested: Span[] = []
  const answers: (() => void)[] = []
  const load = (window: Span) => {
    requested.push(window)
    return new Promise<Sample<string>>((resolve) => {
      answers.push(() => {
        resolve({ window, complete, value: `${window.from}–${window.to}` })
      })
    })
  }
  const answer = async () => {
    answers.shift()?.()
    await Promise.resolve()
    await vi.waitFor(() => undefined)
  }
  return { load, requested, answer }
}

function sampler(service: ReturnType<typeof slowService>) {
  const samples: string[] = []
  const onError = vi.fn()
  return {
    samples,
    onError,
    sampler: new Sampler<string>({ load: service.load, onSample: ({ value }) => samples.push(value), onError }),
  }
}

test('while a request is pending, only the newest span is kept', async () => {
  const service = slowService()
  const { sampler: one } = sampler(service)
  one.see({ from: 100e9, to: 200e9 }, bounds)
  one.see({ from: 300e9, to: 310e9 }, bounds)
  one.see({ from: 500e9, to: 510e9 }, bounds)
  expect(service.requested).toEqual([{ from: 50e9, to: 250e9 }])
  await service.answer()
  expect(service.requested[1]).toEqual({ from: 495e9, to: 515e9 })
  expect(service.requested).toHaveLength(2)
})

test('a short pan needs no request', async () => {
  const service = slowService()
  const { sampler: one, samples } = sampler(service)
  one.see({ from: 100e9, to: 200e9 }, bounds)
  await service.answer()
  one.see({ from: 120e9, to: 220e9 }, bounds)
  expect(service.requested).toHaveLength(1)
  expect(samples).toHaveLength(1)
})

test('zooming in sends a request unless the sample is complete', async () => {
  const coarse = slowService()
  const rough = sampler(coarse)
  rough.sampler.see({ from: 100e9, to: 200e9 }, bounds)
  await coarse.answer()
  rough.sampler.see({ from: 140e9, to: 150e9 }, bounds)
  expect(coarse.requested).toHaveLength(2)

  const exact = slowService(true)
  const fine = sampler(exact)
  fine.sampler.see({ from: 100e9, to: 200e9 }, bounds)
  await exact.answer()
  fine.sampler.see({ from: 140e9, to: 150e9 }, bounds)
  expect(exact.requested).toHaveLength(1)
})

test('a failure is reported and does not stop later requests', async () => {
  const onError = vi.fn()
  const load = vi
    .fn<() => Promise<Sample<string>>>()
    .mockRejectedValueOnce(new Error('gone'))
    .mockResolvedValue({ window: bounds, complete: true, value: 'back' })
  const one = new Sampler<string>({ load, onSample: vi.fn(), onError })
  one.see({ from: 0, to: 1e9 }, bounds)
  await vi.waitFor(() => {
    expect(onError).toHaveBeenLastCalledWith(new Error('gone'))
  })
  one.see({ from: 0, to: 2e9 }, bounds)
  await vi.waitFor(() => {
    expect(onError).toHaveBeenLastCalledWith(undefined)
  })
})

test('nothing is reported after stop', async () => {
  const service = slowService()
  const { sampler: one, samples } = sampler(service)
  one.see({ from: 0, to: 1e9 }, bounds)
  one.stop()
  await service.answer()
  expect(samples).toEqual([])
})
