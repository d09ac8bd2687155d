import { render, screen } from '@testing-library/react'
import { expect, test } from 'vitest'

import { MessageText } from './message-text'

test('the file that a message begins with stands apart from it', () => {
  render(<MessageText message="raw_tick_data/by_date/day-2024-05-17/data_type-trades/BTC-USDT.parquet: 7 are equal" />)
  expect(screen.getByText('7 are equal')).toBeVisible()
  expect(screen.getByTitle('day-2024-05-17/data_type-trades/BTC-USDT.parquet')).toBeVisible()
})

test('another message is as it is', () => {
  render(<MessageText message="margin_init is 0: no order was refused" />)
  expect(screen.getByText('margin_init is 0: no order was refused')).toBeVisible()
})
