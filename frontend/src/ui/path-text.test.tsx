import { render, screen } from '@testing-library/react'
import { expect, test } from 'vitest'

import { PathText } from './path-text'

test('the full path is present even if it is truncated on the screen', () => {
  render(<PathText path="day-2024-05-17/data_type-trades/BTC-USDT.parquet" />)
  expect(screen.getByTitle('day-2024-05-17/data_type-trades/BTC-USDT.parquet')).toHaveTextContent(
    'day-2024-05-17/data_type-trades/BTC-USDT.parquet',
  )
})

test('a bare file name is shown whole', () => {
  render(<PathText path="BTC-USDT.parquet" />)
  expect(screen.getByText('BTC-USDT.parquet')).toBeVisible()
})
