import { render, screen } from '@testing-library/react'
import { expect, test } from 'vitest'

import { MessageText } from './message-text'

test('a leading file path is shown apart from the message', () => {
  render(<MessageText message="raw_tick_data/by_date/day-2024-05-17/data_type-trades/BTC-USDT.parquet: 7 are equal" />)
  expect(screen.getByText('7 are equal')).toBeVisible()
  expect(screen.getByTitle('day-2024-05-17/data_type-trades/BTC-USDT.parquet')).toBeVisible()
})

test('other messages are unchanged', () => {
  render(<MessageText message="margin_init is 0: no order was refused" />)
  expect(screen.getByText('margin_init is 0: no order was refused')).toBeVisible()
})
