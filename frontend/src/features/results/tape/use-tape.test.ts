import { act, renderHook } from '@testing-library/react'
import { beforeEach, expect, test, vi } from 'vitest'

import type { TapeReply, TapeRequest } from './tape-messages'
import { useTape } from './use-tape'

const SPAN = { from: 0, to: 10 }
const TRADES = {
  ts: new Float64Array([1]),
  price: new Float64Array([66_000]),
  size: new Float64Array([0.5]),
  side: new Int8Array([1]),
  pricePrecision: 1,
  sizePrecision: 3,
}

/** The page's end of a worker: jsdom has no workers. */
class WorkerEnd {
  static started: WorkerEnd[] = []
  onmessage: ((event: { data: TapeReply }) => void) | undefined
  onerror: ((event: { message: string }) => void) | undefined
  requests: TapeRequest[] = []
  terminated = false

  constructor() {
    WorkerEnd.started.push(this)
  }

  postMessage(request: TapeRequest): void {
    this.requests.push(request)
  }

  terminate(): void {
    this.terminated = true
  }

  reply(data: TapeReply): void {
    act(() => this.onmessage?.({ data }))
  }
}

beforeEach(() => {
  WorkerEnd.started = []
  vi.stubGlobal('Worker', WorkerEnd)
})

/** A completely loaded tape, and its worker. */
function loaded() {
  const hook = renderHook(() => useTape('a-run', 0n))
  act(() => {
    hook.result.current.load()
  })
  const worker = WorkerEnd.started[0]
  if (worker === undefined) throw new Error('no worker was started')
  worker.reply({ kind: 'progress', rows: 1, total: 1, done: true })
  return { ...hook, worker }
}

test('a sample is the answer of the worker', async () => {
  const { result, worker } = loaded()
  const first = result.current.sample(SPAN, 100)
  const second = result.current.sample(SPAN, 50)
  const ids = worker.requests.flatMap((request) => (request.kind === 'sample' ? [request.id] : []))
  worker.reply({ kind: 'sample', id: ids[1] ?? -1, trades: TRADES, complete: false })
  worker.reply({ kind: 'sample', id: ids[0] ?? -1, trades: TRADES, complete: true })
  expect(await first).toEqual({ value: TRADES, complete: true })
  expect(await second).toEqual({ value: TRADES, complete: false })
})

test.each<[string, (tape: ReturnType<typeof loaded>) => void]>([
  [
    'is terminated with its screen',
    ({ unmount }) => {
      unmount()
    },
  ],
  [
    'is replaced',
    ({ result }) => {
      act(() => {
        result.current.load()
      })
    },
  ],
  [
    'throws',
    ({ worker }) => {
      act(() => worker.onerror?.({ message: 'RangeError' }))
    },
  ],
  [
    'reports a failure',
    ({ worker }) => {
      worker.reply({ kind: 'failed', message: 'no more memory' })
    },
  ],
])('a pending sample is undefined if the worker %s', async (_, end) => {
  const tape = loaded()
  const sample = tape.result.current.sample(SPAN, 100)
  end(tape)
  expect(await sample).toBeUndefined()
  expect(tape.worker.terminated).toBe(true)
})

test('a worker that throws leaves no tape, and its error is reported', async () => {
  const { result, worker } = loaded()
  act(() => worker.onerror?.({ message: 'RangeError: Array buffer allocation failed' }))
  expect(result.current.progress).toEqual({
    rows: 0,
    total: 0,
    done: false,
    failure: 'RangeError: Array buffer allocation failed',
  })
  expect(await result.current.sample(SPAN, 100)).toBeUndefined()
})
