import '@testing-library/jest-dom/vitest'

import { cleanup, configure } from '@testing-library/react'
import { afterEach, vi } from 'vitest'

// A machine may be busy with other tests; what is there is found at once all the same.
configure({ asyncUtilTimeout: 10_000 })

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
