import { clamp, contains, length, type Span, widen } from '@/charts/span'

/** What a service had to say of a window. */
export interface Sample<T> {
  readonly window: Span
  /** Whether every row of the window is in it, so that a closer look shows no more. */
  readonly complete: boolean
  readonly value: T
}

type Load<T> = (window: Span, signal: AbortSignal) => Promise<Sample<T>>

interface SamplerOptions<T> {
  load: Load<T>
  onSample: (sample: Sample<T>) => void
  /** Called with what went wrong, and with undefined once it goes well again. */
  onError: (error: unknown) => void
}

/**
 * Asks for samples of the span in sight: one request at a time, then the newest wish.
 *
 * A window reaches half a span beyond either side, so that a pan finds something to draw before the answer is there.
 */
export class Sampler<T> {
  private readonly controller = new AbortController()
  private wish: { span: Span; bounds: Span } | undefined
  private last: Sample<T> | undefined
  private busy = false

  constructor(private readonly options: SamplerOptions<T>) {}

  see(span: Span, bounds: Span): void {
    this.wish = { span, bounds }
    if (!this.busy) void this.work()
  }

  stop(): void {
    this.controller.abort()
  }

  private async work(): Promise<void> {
    this.busy = true
    for (let next = this.takeWish(); next; next = this.takeWish()) {
      try {
        this.last = await this.options.load(next, this.controller.signal)
        if (!this.stopped()) this.options.onSample(this.last)
        if (!this.stopped()) this.options.onError(undefined)
      } catch (error) {
        if (!this.stopped()) this.options.onError(error)
      }
    }
    this.busy = false
  }

  /** The window to ask for now; none where the last sample serves, or nobody listens any more. */
  private takeWish(): Span | undefined {
    const { wish, last } = this
    this.wish = undefined
    if (!wish || this.stopped() || (last && serves(last, wish.span))) return undefined
    return clamp(widen(wish.span, 0.5), wish.bounds)
  }

  private stopped(): boolean {
    return this.controller.signal.aborted
  }
}

/** Whether a sample covers a span, as fine as one made for it would. */
function serves({ window, complete }: Sample<unknown>, span: Span): boolean {
  const covers = contains(window, span.from) && contains(window, span.to)
  return covers && (complete || length(window) <= length(span) * 2.5)
}
