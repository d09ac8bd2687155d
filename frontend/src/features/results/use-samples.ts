import { useEffect, useEffectEvent, useState } from 'react'

import type { Viewport } from '@/charts/viewport'
import type { Span } from '@/charts/span'
import { RpcError } from '@/rpc/rpc-error'

import { type Sample, Sampler } from './sampler'

interface Samples<T> {
  /** Coarse sample of the whole run. */
  whole: T | undefined
  /** Sample of the visible span and a margin around it. */
  detail: T | undefined
  /** Whether the detail has every row of its window. */
  complete: boolean
  /** Why the sample could not be refreshed. */
  error: RpcError | undefined
}

/**
 * Keep samples for a viewport: one of the whole run, and one of the visible span whenever that changes. The last samples
 * stay until newer ones arrive.
 */
export function useSamples<T>(
  viewport: Viewport,
  load: (window: Span, signal: AbortSignal) => Promise<{ value: T; complete: boolean }>,
  enabled: boolean,
): Samples<T> {
  const [samples, setSamples] = useState<Samples<T>>({
    whole: undefined,
    detail: undefined,
    complete: false,
    error: undefined,
  })
  const ask = useEffectEvent(async (window: Span, signal: AbortSignal): Promise<Sample<T>> => {
    return { window, ...(await load(window, signal)) }
  })
  useEffect(() => {
    if (!enabled) return
    const sampler = new Sampler<T>({
      load: (window, signal) => ask(window, signal),
      onSample: ({ value, window, complete }) => {
        setSamples((before) => ({
          ...before,
          whole: before.whole ?? (window === viewport.bounds ? value : undefined),
          detail: value,
          complete,
        }))
      },
      onError: (error) => {
        setSamples((before) => ({ ...before, error: error === undefined ? undefined : RpcError.from(error) }))
      },
    })
    let seen: Span | undefined
    const see = () => {
      if (viewport.span === seen) return
      seen = viewport.span
      sampler.see(viewport.span, viewport.bounds)
    }
    // The whole run first: a report opens zoomed out, and its overview needs it anyway.
    sampler.see(viewport.bounds, viewport.bounds)
    see()
    const unsubscribe = viewport.subscribe(see)
    return () => {
      unsubscribe()
      sampler.stop()
    }
  }, [viewport, enabled])
  return samples
}
