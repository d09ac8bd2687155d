import '@testing-library/jest-dom/vitest'

import { cleanup } from '@testing-library/react'
import { afterEach, vi } from 'vitest'

afterEach(cleanup)

// jsdom lays nothing out: everything is as large as a screen, and stays so.
if (typeof window !== 'undefined') {
  vi.stubGlobal(
    'ResizeObserver',
    class {
      observe() {
        return undefined
      }
      unobserve() {
        return undefined
      }
      disconnect() {
        return undefined
      }
    },
  )
  Object.defineProperties(Element.prototype, {
    clientWidth: { value: 1440 },
    clientHeight: { value: 900 },
  })
  Element.prototype.scrollTo = () => undefined
}
