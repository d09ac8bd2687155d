import { describe, expect, it } from 'vitest'

import { rangeOf, readConfigText, valueAt, withValue } from './config-text'

const TEXT = `{
  "venue": {"name": "X", "taker_fee": 0.0004},
  "strategy": {
    "orders": [{"side": "up"}]
  }
}
`

describe('a config as text', () => {
  it('is parsed', () => {
    const { document, fault, violations } = readConfigText(TEXT)
    expect(valueAt(document, ['strategy', 'orders', 0, 'side'])).toBe('up')
    expect(valueAt(document, ['strategy', 'nothing', 'here'])).toBeUndefined()
    expect(fault).toBeUndefined()
    expect(violations).toEqual([])
  })

  it.each([
    ['{"a": 1,}', 'is not valid JSON: line 1, property name expected', 8],
    ['{"a": 1', 'is not valid JSON: line 1, close brace expected', 7],
    ['{}\n// a comment', 'is not valid JSON: line 2, invalid comment token', 3],
    ['[1]', 'is not a JSON object; a run config must be one: {…}', 0],
    ['', 'is not valid JSON: line 1, value expected', 0],
  ])('reports where %j is not a JSON object', (text, message, from) => {
    const read = readConfigText(text)
    expect(read.document).toBeUndefined()
    expect(read.fault).toMatchObject({ message, from })
  })

  it('reports duplicate keys at any depth', () => {
    const { violations } = readConfigText('{"risk": {"a": 1, "a": 2}, "orders": [{"side": 1, "side": 2}]}')
    expect(violations.map(({ field }) => field)).toEqual(['risk.a', 'orders[0].side'])
  })

  it('is changed in one place only', () => {
    expect(withValue(TEXT, ['venue', 'taker_fee'], 0.001)).toBe(TEXT.replace('0.0004', '0.001'))
    expect(readConfigText(withValue(TEXT, ['risk', 'throttling_per_sec'], 5)).document).toHaveProperty('risk', {
      throttling_per_sec: 5,
    })
    expect(readConfigText(withValue(TEXT, ['venue', 'name'], undefined)).document).toHaveProperty('venue', {
      taker_fee: 0.0004,
    })
  })
})

describe('a field that a service names', () => {
  it.each([
    ['venue.taker_fee', '0.0004'],
    ['strategy.orders[0].side', '"up"'],
    // A missing key maps to the nearest object around it, an invalid object to its name.
    ['venue.maker_fee', '"venue"'],
    ['strategy.orders[3].price', '"orders"'],
    ['venue', '"venue"'],
    ['risk.throttling_per_sec', '{'],
  ])('%s is located in the text', (field, wanted) => {
    const { from, to } = rangeOf(TEXT, field)
    expect(TEXT.slice(from, to)).toBe(wanted)
  })
})
