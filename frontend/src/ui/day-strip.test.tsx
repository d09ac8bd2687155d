import { render, screen } from '@testing-library/react'
import { expect, test } from 'vitest'

import { DayStrip } from './day-strip'
import { parseInstant } from './format/instant'

const at = (time: string) => parseInstant(`2024-05-17T${time}Z`) ?? 0n

test('a span is drawn at its place and with its length within the day', () => {
  const span = { start: at('06:00:00'), end: at('18:00:00') }
  render(<DayStrip label="BTC-USDT" date="2024-05-17" spans={[span, undefined]} />)
  const strip = screen.getByRole('img', { name: 'BTC-USDT' })
  expect(strip).toHaveAttribute('title', 'BTC-USDT\n06:00:00 → 18:00:00')
  expect(strip.querySelector('[style]')).toHaveStyle({ left: '25%', width: '50%' })
})

test('a folder without a date has no strip', () => {
  const { container } = render(<DayStrip label="BTC-USDT" date="" spans={[undefined]} />)
  expect(container).toBeEmptyDOMElement()
})
