import { createBrowserHistory, type RouterHistory } from '@tanstack/react-router'

/** How many writes may follow each other at once, and how often one more is free, in milliseconds. */
const BURST = 50
const EVERY = 200

/** When a person may be about to reload the page or to copy its address. */
const FLUSHED_ON = ['pointerup', 'blur', 'visibilitychange', 'beforeunload', 'pagehide'] as const

interface Write {
  state: unknown
  href: string
}

/**
 * The history of the browser for a router that replaces its entry at every step of a gesture.
 *
 * Browsers refuse or ignore replaceState beyond a rate: Chromium and Firefox after 200 calls in ten seconds, Safari after 100.
 * A write reaches the browser at once as long as the rate allows it. Later ones wait, the newest only: for the next free slot,
 * for the end of the gesture, or for a key, the pointer or the focus to leave the page, whichever comes first.
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
  /** When the allowance is full again; each write moves it. Monotonic milliseconds. */
  private full = 0

  constructor() {
    const flush = () => {
      this.flush()
    }
    for (const name of FLUSHED_ON) window.addEventListener(name, flush, { capture: true })
    // A key that is held is a gesture itself.
    window.addEventListener(
      'keydown',
      ({ repeat }) => {
        if (!repeat) flush()
      },
      { capture: true },
    )
    document.addEventListener('mouseleave', flush)
    // The entry that it was meant for is no longer the current one.
    window.addEventListener('popstate', () => {
      this.drop()
    })
  }

  write(write: Write): void {
    this.waiting = write
    const free = this.full - (BURST - 1) * EVERY - performance.now()
    // Timers count whole milliseconds.
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
      // Safari's refusal. What another script wrote counts as well.
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
