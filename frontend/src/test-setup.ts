import '@testing-library/jest-dom/vitest'

import { cleanup, configure } from '@testing-library/react'
import { afterEach } from 'vitest'

// Generous for a busy machine; an element that is present is found at once anyway.
configure({ asyncUtilTimeout: 10_000 })

afterEach(() => {
  cleanup()
  localStorage.clear()
})

// jsdom has no layout: pretend that every element has the size of a screen.
globalThis.ResizeObserver = class {
  observe() {
    return undefined
  }
  unobserve() {
    return undefined
  }
  disconnect() {
    return undefined
  }
}
Object.defineProperties(Element.prototype, {
  clientWidth: { value: 1440 },
  clientHeight: { value: 900 },
})
Element.prototype.scrollTo = () => undefined
