import { Code, ConnectError } from '@connectrpc/connect'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { followStream, type StreamSource } from './follow-stream'

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

/** Follows a stream over the given connections and records all statuses and messages. */
function follow(
  connections: ((signal: AbortSignal) => AsyncIterable<number>)[],
  options: Partial<StreamSource<number>> = {},
) {
  const events: string[] = []
  const controller = new AbortController()
  const done = followStream(
    {
      open: (signal) => (connections.shift() ?? silent)(signal),
      onMessage: (message, first) => events.push(`${message}${first ? ' first' : ''}`),
      onStatus: (status) => events.push(status),
      ...options,
    },
    controller.signal,
  )
  return { events, controller, done }
}

async function* messages(...values: number[]): AsyncIterable<number> {
  for (const value of values) yield await Promise.resolve(value)
}

async function* breaking(code: Code, ...values: number[]): AsyncIterable<number> {
  yield* messages(...values)
  throw new ConnectError('connection broke', code)
}

/** A connection that stays silent until it is aborted. */
async function* silent(signal: AbortSignal): AsyncIterable<number> {
  yield* await new Promise<number[]>((_, reject) => {
    const abort = () => {
      reject(new ConnectError('aborted', Code.Canceled))
    }
    signal.addEventListener('abort', abort)
    if (signal.aborted) abort()
  })
}

test('a stream is followed to its end', async () => {
  const { events, done } = follow([() => messages(1, 2)])
  await done
  expect(events).toEqual(['connecting', '1 first', 'open', '2', 'ended'])
})

test('a broken stream is reopened', async () => {
  const { events, done } = follow([
    () => breaking(Code.Unavailable, 1),
    () => breaking(Code.Unavailable),
    () => messages(2),
  ])
  await vi.advanceTimersByTimeAsync(2_000)
  await done
  expect(events).toEqual(['connecting', '1 first', 'open', 'broken', 'broken', '2 first', 'open', 'ended'])
})

test('a refusal is final', async () => {
  const { events, done } = follow([() => breaking(Code.NotFound)])
  await done
  expect(events).toEqual(['connecting', 'failed'])
})

test('an endless stream that ends counts as broken', async () => {
  const { events, controller } = follow([() => messages(1)], { endless: true })
  await vi.advanceTimersByTimeAsync(0)
  controller.abort()
  expect(events).toEqual(['connecting', '1 first', 'open', 'broken'])
})

test('a connection that is silent for too long is reopened', async () => {
  const { events, done } = follow([silent, () => messages(1)], { silence: 20 })
  await vi.advanceTimersByTimeAsync(19_000)
  expect(events).toEqual(['connecting'])
  await vi.advanceTimersByTimeAsync(3_000)
  await done
  expect(events).toEqual(['connecting', 'broken', '1 first', 'open', 'ended'])
})

test('nothing is reported after the abort signal', async () => {
  const { events, controller, done } = follow([() => breaking(Code.Unavailable)])
  await vi.advanceTimersByTimeAsync(0)
  controller.abort()
  await vi.advanceTimersByTimeAsync(60_000)
  await done
  expect(events).toEqual(['connecting', 'broken'])
})
