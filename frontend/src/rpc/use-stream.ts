import { useEffect, useEffectEvent, useState, useSyncExternalStore } from 'react'

import { followStream, type StreamStatus } from './follow-stream'
import type { RpcError } from './rpc-error'

export interface StreamOptions<Message, State> {
  /** Opens the stream; `state` is the state so far, for streams that resume from a cursor. */
  open: (signal: AbortSignal, state: State) => AsyncIterable<Message>
  initial: State
  /** Folds a message into the state; `first` marks the first of each connection, in which the service repeats everything. */
  reduce: (state: State, message: Message, first: boolean) => State
  /** Whether the service never ends the stream. */
  endless?: boolean
  /** Seconds without a message after which the connection is considered dead. */
  silence?: number
  /** Whether to continue while the page is hidden. Default: false, since all tabs of an origin share six connections. */
  background?: boolean
}

export interface Stream<State> {
  state: State
  status: StreamStatus
  /** Why the connection broke or the stream failed. */
  error: RpcError | undefined
  /** Arrival of the last message, by the page's clock in milliseconds. */
  lastMessageAt: number | undefined
}

/**
 * Follow a stream while the component is mounted. It reconnects automatically and keeps its state meanwhile.
 *
 * The stream cannot change during the life of a component: give the component a `key` if it can.
 */
export function useStream<Message, State>(options: StreamOptions<Message, State>): Stream<State> {
  const { initial, endless, silence, background = false } = options
  const visible = useSyncExternalStore(onVisibility, isVisible)
  const [stream, setStream] = useState<Stream<State>>({
    state: initial,
    status: 'connecting',
    error: undefined,
    lastMessageAt: undefined,
  })
  const open = useEffectEvent(options.open)
  const reduce = useEffectEvent(options.reduce)
  const start = useEffectEvent((signal: AbortSignal) => {
    if (stream.status === 'ended' || stream.status === 'failed') return
    let state = stream.state
    void followStream<Message>(
      {
        endless: endless ?? false,
        ...(silence === undefined ? {} : { silence }),
        open: (attempt) => open(attempt, state),
        onMessage: (message, first) => {
          state = reduce(state, message, first)
          setStream((before) => ({ ...before, state, lastMessageAt: Date.now() }))
        },
        onStatus: (status, error) => {
          setStream((before) => ({ ...before, status, error }))
        },
      },
      signal,
    )
  })
  const following = visible || background
  useEffect(() => {
    if (!following) return
    const controller = new AbortController()
    start(controller.signal)
    return () => {
      controller.abort()
    }
  }, [following])
  return stream
}

function isVisible(): boolean {
  return document.visibilityState === 'visible'
}

function onVisibility(onChange: () => void): () => void {
  document.addEventListener('visibilitychange', onChange)
  return () => {
    document.removeEventListener('visibilitychange', onChange)
  }
}
