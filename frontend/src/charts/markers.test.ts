import { describe, expect, test } from 'vitest'

import { formatCount, type Marker, placeMarkers } from './markers'

function order(id: number, at: number, side: 1 | -1 = 1): Marker {
  return { firstOrder: BigInt(id), orders: 1, filled: 1, side, from: at, to: at, low: id, high: id, filledSize: 0.5 }
}

describe('placing', () => {
  const many = Array.from({ length: 1_000 }, (_, i) => order(i + 1, i * 1e9, i % 2 ? 1 : -1))

  test('orders stay single if there is room', () => {
    const placed = placeMarkers([order(1, 1e9), order(2, 5e9, -1)], { from: 0, to: 10e9 }, 1_000)
    expect(placed.map(({ marker, x }) => [marker.firstOrder, x])).toEqual([
      [1n, 100],
      [2n, 500],
    ])
  })

  test('clusters count every order of their side and lose none', () => {
    const placed = placeMarkers(many, { from: 0, to: 1_000e9 }, 1_000)
    const total = (side: number) =>
      placed.filter(({ marker }) => marker.side === side).reduce((sum, { marker }) => sum + marker.orders, 0)
    expect(placed.length).toBeLessThanOrEqual(52)
    expect([total(1), total(-1)]).toEqual([500, 500])
  })

  test('a cluster opens into its orders when its span is shown', () => {
    const [cluster] = placeMarkers(many, { from: 0, to: 1_000e9 }, 1_000)
    if (!cluster) throw new Error('no marker was placed')
    const { from, to } = cluster.marker
    const opened = placeMarkers(many, { from, to }, 1_000).filter(({ marker }) => marker.side === cluster.marker.side)
    expect(opened.map(({ marker }) => marker.orders)).toEqual(Array(cluster.marker.orders).fill(1))
  })

  test('clusters of one side never overlap', () => {
    const xs = placeMarkers(many, { from: 33e9, to: 700e9 }, 1_000)
      .filter(({ marker }) => marker.side === 1)
      .map(({ x }) => x)
      .sort((a, b) => a - b)
    xs.slice(1).forEach((x, i) => {
      expect(x - (xs[i] ?? NaN)).toBeGreaterThanOrEqual(39.99)
    })
  })

  test('clusters are neither cut at an edge nor overlap there', () => {
    for (const to of [965e9, 983e9, 990e9, 999e9]) {
      const placed = placeMarkers(many, { from: 17e9, to }, 1_000)
      const xs = placed.filter(({ marker }) => marker.side === -1).map(({ x }) => x)
      expect(Math.min(...xs)).toBeGreaterThanOrEqual(20)
      expect(Math.max(...xs)).toBeLessThanOrEqual(980)
      xs.sort((a, b) => a - b)
      xs.slice(1).forEach((x, i) => {
        expect(x - (xs[i] ?? NaN)).toBeGreaterThanOrEqual(39.99)
      })
    }
  })

  test('panning does not change the clusters', () => {
    const counts = (shift: number) =>
      placeMarkers(many, { from: 200e9 + shift, to: 700e9 + shift }, 1_000).map(({ marker }) => marker.firstOrder)
    expect(counts(20e9).filter((id) => counts(0).includes(id)).length).toBeGreaterThan(20)
  })
})

test('a count takes four characters at most', () => {
  expect([7, 999, 9_499, 9_960, 120_400, 1_000_000].map(formatCount)).toEqual([
    '7',
    '999',
    '9.5k',
    '10k',
    '120k',
    '1.0M',
  ])
})
