import { useCallback, useEffect, useRef, useState } from 'react'

import type { TradeSeries } from '@/charts/columns'
import type { Span } from '@/charts/span'

import type { TapeReply, TapeRequest } from './tape-messages'

/** How much of the ticks of a run is in the memory of the page. */
export interface TapeProgress {
  readonly rows: number
  readonly total: number
  /** Whether all of them are: charts may ask the tape instead of the service. */
  readonly done: boolean
  readonly failure: string | undefined
}

export interface Tape {
  /** Not set before the ticks were asked for. */
  progress: TapeProgress | undefined
  load: () => void
  sample: (span: Span, points: number) => Promise<{ value: TradeSeries; complete: boolean }>
}

/** Holds every tick of a run in a worker once they are asked for, for as long as the component is there. */
export function useTape(runId: string, base: bigint): Tape {
  const worker = useRef<Worker>(null)
  const waiting = useRef(new Map<number, (reply: TapeReply & { kind: 'sample' }) => void>())
  const [progress, setProgress] = useState<TapeProgress>()
  useEffect(
    () => () => {
      worker.current?.terminate()
      worker.current = null
    },
    [],
  )
  const load = useCallback(() => {
    worker.current?.terminate()
    const next = new Worker(new URL('./tape.worker.ts', import.meta.url), { type: 'module' })
    next.onmessage = ({ data }: MessageEvent<TapeReply>) => {
      if (data.kind === 'sample') {
        waiting.current.get(data.id)?.(data)
        waiting.current.delete(data.id)
      } else if (data.kind === 'failed') {
        setProgress({ rows: 0, total: 0, done: false, failure: data.message })
      } else {
        setProgress({ ...data, failure: undefined })
      }
    }
    next.postMessage({ kind: 'load', runId, base } satisfies TapeRequest)
    worker.current = next
    setProgress({ rows: 0, total: 0, done: false, failure: undefined })
  }, [runId, base])
  const sample = useCallback(
    (span: Span, points: number) =>
      new Promise<{ value: TradeSeries; complete: boolean }>((resolve) => {
        const id = nextId++
        waiting.current.set(id, ({ trades, complete }) => {
          resolve({ value: trades, complete })
        })
        worker.current?.postMessage({ kind: 'sample', id, span, points } satisfies TapeRequest)
      }),
    [],
  )
  return { progress, load, sample }
}

let nextId = 0
