import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { render, screen, within } from '@testing-library/react'
import { describe, expect, it } from 'vitest'

import type { CostAttributionSchema, FillAuditSchema } from '@/gen/tickreel/v1/fill_audit_pb'
import { ResultSchema } from '@/gen/tickreel/v1/result_pb'

import { Audit } from './audit'

const AUDIT: MessageInitShape<typeof FillAuditSchema> = {
  backedShare: '0.73106',
  backedVolume: '2314.578',
  unbackedVolume: '851.400',
  unbackedFills: 35_085n,
  prints: { fills: 98_000n, participation: '0.80501', fillsAbovePrint: 12n, volumeAbovePrint: '0.004' },
  book: {
    fills: 123_398n,
    participation: '1.27',
    reusedShare: '0.30701',
    fillsReusing: 40_000n,
    fillsWithoutLevel: 0n,
    fillsInsideTouch: 40n,
    fillsAtTouch: 100_000n,
    fillsThroughTouch: 23_358n,
    meanBookAgeSeconds: '0.35',
    longestBookAgeSeconds: '22.2',
    fillsOnOldBook: 11_810n,
  },
}
const COSTS: MessageInitShape<typeof CostAttributionSchema> = {
  fees: '84224.1008',
  latencyDrift: '0',
  waitingDrift: '0',
  spread: '178.14635',
  depth: '58.9546',
  total: '84461.20175',
}

interface Shown {
  fillAudit?: MessageInitShape<typeof FillAuditSchema>
  costs?: MessageInitShape<typeof CostAttributionSchema>
  fills?: bigint
}

function show(summary: Shown, turnover = '210560252.0676'): HTMLElement {
  const result = create(ResultSchema, {
    summary: { fills: 123_398n, ...summary, statistics: { turnover } },
    metadata: { currency: 'USDT' },
  })
  return render(<Audit result={result} />).container
}

function figure(name: string): string | null | undefined {
  const row = screen.getByText(name, { selector: 'dt' }).parentElement
  return row && within(row).getByRole('definition').textContent
}

/** Amount of a part of the costs, and its basis points of the turnover. */
function cost(name: RegExp): (string | null)[] {
  return within(screen.getByRole('row', { name }))
    .getAllByRole('cell')
    .map(({ textContent }) => textContent)
}

const parts = () => screen.getAllByRole('listitem').map(({ textContent }) => textContent)

describe('the audit of a run', () => {
  it('shows how much of the fills the data backs, by print and by book', () => {
    show({ fillAudit: AUDIT, costs: COSTS })
    expect(screen.getByText('73.1 %')).toBeVisible()
    expect(parts()).toEqual(expect.arrayContaining(['2,314.578 backed', '851.400 not backed']))
    expect(screen.getByText(/35,085 fills exceeded it/)).toBeVisible()
    expect(figure('Participation in prints')).toBe('80.5 %')
    expect(figure('Fills matched to a print')).toBe('98,000 · 79.4 %')
    expect(figure('Fills larger than their print')).toBe('12 · < 0.1 %')
    expect(figure('Participation in displayed size')).toBe('127.0 %')
    expect(figure('Size filled from reused liquidity')).toBe('30.7 %')
    expect(figure('Fills with nothing displayed')).toBe('0 · 0 %')
    expect(figure('Book age, mean and max')).toBe('350 ms, 22 s')
    expect(parts()).toEqual(
      expect.arrayContaining(['40 inside the touch', '100,000 at the touch', '23,358 through the touch']),
    )
  })

  it('shows the costs of the fills in parts that add up', () => {
    show({ fillAudit: AUDIT, costs: COSTS })
    expect(screen.getByText('84,461.20')).toBeVisible()
    expect(parts()).toEqual(expect.arrayContaining(['84,224.10 · 99.7 % fees', '237.10 · 0.281 % execution']))
    expect(cost(/^Half spread/)).toEqual(['178.15', '0.00846 bp'])
    expect(cost(/^Depth/)).toEqual(['58.95', '0.00280 bp'])
    expect(cost(/^Execution/)).toEqual(['237.10', '0.0113 bp'])
  })

  it('shows negative costs of fills that earned the spread, without shares of a meaningless total', () => {
    const costs = { fees: '10', latencyDrift: '0', waitingDrift: '2.5', spread: '-22.5', depth: '0', total: '-10' }
    const shown = show({ fillAudit: AUDIT, costs }, '100000')
    expect(cost(/^Half spread/)).toEqual(['−22.50', '−2.250 bp'])
    expect(cost(/^Execution/)).toEqual(['−20.00', '−2.000 bp'])
    expect(parts()).toEqual(expect.arrayContaining(['10.00 fees', '−20.00 execution']))
    for (const width of shown.innerHTML.matchAll(/width: (-?[\d.]+)%/g)) {
      expect(Number(width[1])).toBeGreaterThanOrEqual(0)
      expect(Number(width[1])).toBeLessThanOrEqual(100)
    }
  })

  it('shows costs that sum to zero without invalid shares', () => {
    const costs = { fees: '20', latencyDrift: '0', waitingDrift: '0', spread: '-20', depth: '0', total: '0' }
    const shown = show({ fillAudit: AUDIT, costs }, '0')
    expect(shown.innerHTML).not.toMatch(/NaN|Infinity/)
    expect(cost(/^Half spread/)).toEqual(['−20.00', ''])
  })

  it('omits the book if none was replayed, and names the fills with fees only', () => {
    const { prints, backedVolume = '', unbackedVolume = '' } = AUDIT
    const costs = { ...COSTS, spread: '0', depth: '0', total: COSTS.fees ?? '', unattributedFills: 123_398n }
    show({ fillAudit: { prints, backedVolume, unbackedVolume }, costs })
    expect(screen.queryByText('Against the displayed book')).toBeNull()
    expect(screen.getByText('Against the prints')).toBeVisible()
    expect(screen.getByText(/only fees are counted for 123,398 fills/)).toBeVisible()
    // An unknown value is not 0.
    expect(screen.getByText('–')).toBeVisible()
  })

  it('shows an empty state for a run without fills and for a result older than the audit', () => {
    show({ fillAudit: AUDIT, fills: 0n })
    expect(screen.getByText('No fills to audit.')).toBeVisible()
    show({})
    expect(screen.getByText(/This result has no fill audit/)).toBeVisible()
  })
})
