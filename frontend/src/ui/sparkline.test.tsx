import { render, screen } from '@testing-library/react'
import { expect, test } from 'vitest'

import { Sparkline } from './sparkline'

test('a curve spans its width, and its height from the lowest to the highest point with zero between', () => {
  const { container } = render(<Sparkline label="PnL of R" points={[0, 30, -10]} />)
  expect(screen.getByRole('img', { name: 'PnL of R' })).toBeVisible()
  expect(container.querySelector('polyline')).toHaveAttribute('points', '0.0,14.0 56.0,2.0 112.0,18.0')
  expect(container.querySelector('line')).toHaveAttribute('y1', '14')
})

test('a run of before there were curves draws nothing', () => {
  const { container } = render(<Sparkline label="PnL of R" points={[]} />)
  expect(container).toBeEmptyDOMElement()
})
