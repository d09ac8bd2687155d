import { useEffect, useEffectEvent, useState, useSyncExternalStore } from 'react'

import { followStream, type StreamStatus } from './follow-stream'
import type { RpcError } from './rpc-error'

export interface StreamOptions<Message, State> {
  /** Opens the stream; `state` is what came so far, for a stream that is resumed by a cursor. */
  open: (signal: AbortSignal, state: State) => AsyncIterable<Message>
  initial: State
  /** Adds a message; `first` marks the first one of each connection, where the service says all anew. */
  reduce: (state: State, message: Message, first: boolean) => State
  /** Whether the service never ends the stream. */
  endless?: boolean
  /** After how many seconds without a message the connection is taken for dead. */
  silence?: number
  /** Whether to go on while the page is out of sight. Default: false; a browser has six connections for all tabs of an origin. */
  background?: boolean
}

export interface Stream<State> {
  state: State
  status: StreamStatus
  /** Why the connection broke or the stream failed. */
  error: RpcError | undefined
  /** When the last message came, by the page's clock in milliseconds. */
  lastMessageAt: number | undefined
}

/**
 * Follows a stream for as long as the component is there. It reconnects by itself and keeps its state meanwhile.
 *
 * One component follows one stream: give the component a `key` where what it follows can change.
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
