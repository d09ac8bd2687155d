import type { JsonObject } from '@bufbuild/protobuf'
import { expect, it } from 'vitest'

import { mergePatch, patchText } from './merge-patch'

const DOCUMENT = {
  risk: { throttling_per_sec: 10 },
  venue: { name: 'X', taker_fee: 0.0004 },
  strategy: { orders: [{ side: 'buy' }], name: 'A' },
}

const EDITS: [string, JsonObject][] = [
  ['a value', { ...DOCUMENT, risk: { throttling_per_sec: 5 } }],
  ['a key more', { ...DOCUMENT, seed: 7, venue: { ...DOCUMENT.venue, latency: { base_latency_nanos: 5 } } }],
  ['a key less', { risk: DOCUMENT.risk, venue: { name: 'X' }, strategy: DOCUMENT.strategy }],
  ['a list', { ...DOCUMENT, strategy: { name: 'A', orders: [] } }],
  [
    'an object for a value and the other way round',
    { ...DOCUMENT, risk: 3, strategy: { ...DOCUMENT.strategy, name: {} } },
  ],
]

it.each(EDITS)('a patch of %s reproduces the edited document', (_, edited) => {
  const patch = mergePatch(DOCUMENT, edited)
  expect(patch).toBeDefined()
  expect(JSON.parse(patchText(JSON.stringify(DOCUMENT, null, 2), patch ?? {}))).toEqual(edited)
})

it('equal documents give no patch', () => {
  expect(mergePatch(DOCUMENT, structuredClone(DOCUMENT))).toBeUndefined()
})
