import { render, screen } from '@testing-library/react'
import { expect, test } from 'vitest'

import { Sparkline } from './sparkline'

test('the curve fills the width, and the height from the lowest to the highest point including zero', () => {
  const { container } = render(<Sparkline label="PnL of R" points={[0, 30, -10]} />)
  expect(screen.getByRole('img', { name: 'PnL of R' })).toBeVisible()
  expect(container.querySelector('polyline')).toHaveAttribute('points', '0.0,14.0 56.0,2.0 112.0,18.0')
  expect(container.querySelector('line')).toHaveAttribute('y1', '14')
})

test('a run without a curve draws nothing', () => {
  const { container } = render(<Sparkline label="PnL of R" points={[]} />)
  expect(container).toBeEmptyDOMElement()
})
