import { clamp, contains, length, type Span, widen } from '@/charts/span'

/** A sample of a window. */
export interface Sample<T> {
  readonly window: Span
  /** Whether it has every row of the window, so that zooming in needs no new sample. */
  readonly complete: boolean
  readonly value: T
}

type Load<T> = (window: Span, signal: AbortSignal) => Promise<Sample<T>>

interface SamplerOptions<T> {
  load: Load<T>
  onSample: (sample: Sample<T>) => void
  /** Called with an error, and with undefined after the next success. */
  onError: (error: unknown) => void
}

/**
 * Requests samples of the visible span, one at a time. While one is pending, only the newest span is kept.
 *
 * A window extends half a span beyond either side, so that panning has data to draw before the next sample arrives.
 */
export class Sampler<T> {
  private readonly controller = new AbortController()
  private pending: { span: Span; bounds: Span } | undefined
  private last: Sample<T> | undefined
  private busy = false

  constructor(private readonly options: SamplerOptions<T>) {}

  see(span: Span, bounds: Span): void {
    this.pending = { span, bounds }
    if (!this.busy) void this.work()
  }

  stop(): void {
    this.controller.abort()
  }

  private async work(): Promise<void> {
    this.busy = true
    for (let next = this.nextWindow(); next; next = this.nextWindow()) {
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

  /** Window to request now; undefined if the last sample suffices or the sampler is stopped. */
  private nextWindow(): Span | undefined {
    const { pending, last } = this
    this.pending = undefined
    if (!pending || this.stopped() || (last && serves(last, pending.span))) return undefined
    return clamp(widen(pending.span, 0.5), pending.bounds)
  }

  private stopped(): boolean {
    return this.controller.signal.aborted
  }
}

/** Whether a sample covers a span at the resolution that the span needs. */
function serves({ window, complete }: Sample<unknown>, span: Span): boolean {
  const covers = contains(window, span.from) && contains(window, span.to)
  return covers && (complete || length(window) <= length(span) * 2.5)
}
