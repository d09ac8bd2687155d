import { render, screen } from '@testing-library/react'
import { expect, test } from 'vitest'

import { PathText } from './path-text'

test('a path is there whole, whatever is in sight of it', () => {
  render(<PathText path="day-2024-05-17/data_type-trades/BTC-USDT.parquet" />)
  expect(screen.getByTitle('day-2024-05-17/data_type-trades/BTC-USDT.parquet')).toHaveTextContent(
    'day-2024-05-17/data_type-trades/BTC-USDT.parquet',
  )
})

test('a name alone is whole', () => {
  render(<PathText path="BTC-USDT.parquet" />)
  expect(screen.getByText('BTC-USDT.parquet')).toBeVisible()
})
