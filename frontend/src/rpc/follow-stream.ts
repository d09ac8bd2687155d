import { RpcError } from './rpc-error'

/** Status of a stream. `broken` is retried automatically; `ended` and `failed` are final. */
export type StreamStatus = 'connecting' | 'open' | 'broken' | 'ended' | 'failed'

export interface StreamSource<Message> {
  /** Opens the stream where it left off. It must pass on the signal: leaving the loop does not end the call. */
  open: (signal: AbortSignal) => AsyncIterable<Message>
  /** Handles a message; `first` marks the first one of each connection. */
  onMessage: (message: Message, first: boolean) => void
  onStatus: (status: StreamStatus, error?: RpcError) => void
  /** Whether the service never ends the stream, so that an end counts as a break. */
  endless?: boolean
  /** Seconds without a message after which the connection is considered dead. */
  silence?: number
}

/** Follow a stream to its end or until the signal. Reconnects after breaks, with a growing delay of at most 5 s. */
export async function followStream<Message>(source: StreamSource<Message>, signal: AbortSignal): Promise<void> {
  source.onStatus('connecting')
  for (let failures = 0; ; failures++) {
    const attempt = new AbortController()
    const watchdog = new Watchdog(source.silence, attempt)
    let error: RpcError | undefined
    try {
      let first = true
      for await (const message of source.open(AbortSignal.any([signal, attempt.signal]))) {
        watchdog.feed()
        source.onMessage(message, first)
        if (first) source.onStatus('open')
        first = false
        failures = 0
      }
    } catch (cause) {
      error = RpcError.from(cause)
    } finally {
      watchdog.stop()
    }
    if (signal.aborted) return
    const broken = attempt.signal.aborted || (error === undefined ? source.endless : error.unreachable)
    if (!broken) {
      source.onStatus(error === undefined ? 'ended' : 'failed', error)
      return
    }
    source.onStatus('broken', error)
    await pause(Math.min(250 * 2 ** failures, 5_000) * (0.75 + Math.random() / 2), signal)
  }
}

/** Aborts a connection that is silent for too long: a lost network raises no error. */
class Watchdog {
  private timer: ReturnType<typeof setTimeout> | undefined

  constructor(
    private readonly seconds: number | undefined,
    private readonly attempt: AbortController,
  ) {
    this.feed()
  }

  feed(): void {
    this.stop()
    if (this.seconds === undefined) return
    this.timer = setTimeout(() => {
      this.attempt.abort()
    }, this.seconds * 1_000)
  }

  stop(): void {
    clearTimeout(this.timer)
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, milliseconds)
    signal.addEventListener('abort', done)
  })
}
