import { describe, expect, it } from 'vitest'

import { problemCount } from './problem-count'

const problem = { field: 'risk.a', description: 'is no key of a run config' }

describe('problemCount', () => {
  it('counts a complete list', () => {
    expect(problemCount([])).toBe(0)
    expect(problemCount([problem, problem])).toBe(2)
  })

  it('includes the problems that the service left out', () => {
    const rest = { field: '…', description: '381 more; there is no room to show them' }
    expect(problemCount([...Array<typeof problem>(19).fill(problem), rest])).toBe(400)
  })
})
