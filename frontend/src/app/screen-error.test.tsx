import { describe, expect, it } from 'vitest'
import * as v from 'valibot'

import { invalidParameters } from '@/app/screen-error'

function issuesOf(search: object): string {
  const result = v.safeParse(v.strictObject({ mode: v.optional(v.picklist(['fast', 'full'])) }), search)
  if (result.success) throw new Error('expected the search to be invalid')
  return JSON.stringify(result.issues)
}

describe('invalidParameters', () => {
  it('names an unknown parameter', () => {
    expect(invalidParameters(issuesOf({ speed: 'x' }))).toBe('speed is not a parameter of this screen.')
  })

  it('names the allowed values', () => {
    expect(invalidParameters(issuesOf({ mode: 'slow' }))).toBe('mode is "slow"; it must be ("fast" | "full").')
  })

  it('passes through a message that is not a list of issues', () => {
    expect(invalidParameters('no JSON')).toBe('no JSON')
  })
})
