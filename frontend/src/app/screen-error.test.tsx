import { describe, expect, it } from 'vitest'
import * as v from 'valibot'

import { unfitParts } from '@/app/screen-error'

function issuesOf(search: object): string {
  const result = v.safeParse(v.strictObject({ mode: v.optional(v.picklist(['fast', 'full'])) }), search)
  if (result.success) throw new Error('it fits')
  return JSON.stringify(result.issues)
}

describe('unfitParts', () => {
  it('names a setting that the screen does not have', () => {
    expect(unfitParts(issuesOf({ speed: 'x' }))).toBe('speed is no setting of this screen.')
  })

  it('says what a value must be', () => {
    expect(unfitParts(issuesOf({ mode: 'slow' }))).toBe('mode is "slow"; it must be ("fast" | "full").')
  })

  it('leaves a message that is no list of issues as it is', () => {
    expect(unfitParts('no JSON')).toBe('no JSON')
  })
})
