import { createBrowserHistory, type RouterHistory } from '@tanstack/react-router'

/** Token bucket: BURST writes at once, then one more every EVERY milliseconds. */
const BURST = 50
const EVERY = 200

/** Events after which the user may reload the page or copy its URL. */
const FLUSHED_ON = ['pointerup', 'blur', 'visibilitychange', 'beforeunload', 'pagehide'] as const

interface Write {
  state: unknown
  href: string
}

/**
 * Browser history with rate-limited `replaceState`, for a router that replaces its entry at every step of a gesture.
 *
 * Browsers refuse or ignore `replaceState` beyond a rate: Chromium and Firefox after 200 calls in ten seconds, Safari after
 * 100. A write reaches the browser at once while the rate allows it. Beyond the rate only the newest write is kept. It is
 * written at the next free slot or at the first of: end of the gesture, key press, pointer or focus leaving the page.
 */
export function pacedHistory(): RouterHistory {
  const paced = new PacedReplace()
  return createBrowserHistory({
    window: {
      get location() {
        return window.location
      },
      history: {
        get state() {
          return window.history.state as unknown
        },
        get length() {
          return window.history.length
        },
        replaceState: (state: unknown, _: string, href: string) => {
          paced.write({ state, href })
        },
        pushState: (state: unknown, _: string, href: string) => {
          paced.flush()
          window.history.pushState(state, '', href)
        },
        back: () => {
          paced.flush()
          window.history.back()
        },
        forward: () => {
          paced.flush()
          window.history.forward()
        },
        go: (delta: number) => {
          paced.flush()
          window.history.go(delta)
        },
      },
      addEventListener: window.addEventListener.bind(window),
      removeEventListener: window.removeEventListener.bind(window),
    },
  })
}

class PacedReplace {
  private waiting: Write | undefined
  private timer: ReturnType<typeof setTimeout> | undefined
  /** Time at which the bucket is full again, in monotonic milliseconds; each write moves it. */
  private full = 0

  constructor() {
    const flush = () => {
      this.flush()
    }
    for (const name of FLUSHED_ON) window.addEventListener(name, flush, { capture: true })
    // A key that repeats is itself a gesture.
    window.addEventListener(
      'keydown',
      ({ repeat }) => {
        if (!repeat) flush()
      },
      { capture: true },
    )
    document.addEventListener('mouseleave', flush)
    // The pending write belongs to an entry that is no longer the current one.
    window.addEventListener('popstate', () => {
      this.drop()
    })
  }

  write(write: Write): void {
    this.waiting = write
    const free = this.full - (BURST - 1) * EVERY - performance.now()
    // Timers have a resolution of one millisecond.
    if (free < 1) this.flush()
    else this.wait(free)
  }

  flush(): void {
    const { waiting } = this
    if (waiting === undefined) return
    try {
      window.history.replaceState(waiting.state, '', waiting.href)
      this.drop()
    } catch (error) {
      // Safari throws when the rate is exceeded, which includes writes of other scripts.
      if (!(error instanceof DOMException) || error.name !== 'SecurityError') throw error
      this.wait(1_000)
    }
    this.full = Math.max(this.full, performance.now()) + EVERY
  }

  private wait(milliseconds: number): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined
      this.flush()
    }, milliseconds)
  }

  private drop(): void {
    this.waiting = undefined
    clearTimeout(this.timer)
    this.timer = undefined
  }
}
