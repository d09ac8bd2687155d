import { useCallback, useEffect, useRef, useState } from 'react'

import type { TradeSeries } from '@/charts/columns'
import type { Span } from '@/charts/span'

import type { TapeReply, TapeRequest } from './tape-messages'

/** Loading progress of the ticks of a run. */
export interface TapeProgress {
  readonly rows: number
  readonly total: number
  /** Whether all ticks are loaded, so that charts can use the tape instead of the service. */
  readonly done: boolean
  readonly failure: string | undefined
}

export interface Tape {
  /** Undefined until loading is requested. */
  progress: TapeProgress | undefined
  load: () => void
  /** Sample of a span; undefined if the worker ended before it answered, in which case the service can be asked. */
  sample: (span: Span, points: number) => Promise<TapeSample | undefined>
}

interface TapeSample {
  readonly value: TradeSeries
  readonly complete: boolean
}

/** Hold all ticks of a run in a worker, once requested, while the component is mounted. */
export function useTape(runId: string, base: bigint): Tape {
  const worker = useRef<Worker>(null)
  const waiting = useRef(new Map<number, (sample: TapeSample | undefined) => void>())
  const [progress, setProgress] = useState<TapeProgress>()
  const end = useCallback(() => {
    worker.current?.terminate()
    worker.current = null
    for (const settle of waiting.current.values()) settle(undefined)
    waiting.current.clear()
  }, [])
  useEffect(() => end, [end])
  const load = useCallback(() => {
    end()
    const next = new Worker(new URL('./tape.worker.ts', import.meta.url), { type: 'module' })
    const fail = (failure: string) => {
      // Ignore late messages of a replaced worker.
      if (worker.current !== next) return
      end()
      setProgress({ ...NOTHING, failure })
    }
    next.onmessage = ({ data }: MessageEvent<TapeReply>) => {
      if (data.kind === 'sample') {
        waiting.current.get(data.id)?.({ value: data.trades, complete: data.complete })
        waiting.current.delete(data.id)
      } else if (data.kind === 'failed') {
        fail(data.message)
      } else {
        setProgress({ ...data, failure: undefined })
      }
    }
    next.onerror = ({ message }) => {
      fail(message || 'the worker for the ticks could not be started')
    }
    next.postMessage({ kind: 'load', runId, base } satisfies TapeRequest)
    worker.current = next
    setProgress(NOTHING)
  }, [end, runId, base])
  const sample = useCallback(
    (span: Span, points: number) =>
      new Promise<TapeSample | undefined>((resolve) => {
        if (worker.current === null) {
          resolve(undefined)
          return
        }
        const id = nextId++
        waiting.current.set(id, resolve)
        worker.current.postMessage({ kind: 'sample', id, span, points } satisfies TapeRequest)
      }),
    [],
  )
  return { progress, load, sample }
}

const NOTHING: TapeProgress = { rows: 0, total: 0, done: false, failure: undefined }

let nextId = 0
