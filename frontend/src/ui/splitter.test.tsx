import { fireEvent, render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { beforeEach, expect, test } from 'vitest'

import { Splitter, useSplit } from './splitter'

function Halves() {
  const [share, setShare] = useSplit('halves', 0.5)
  return <Splitter label="Between" share={share} onShare={setShare} />
}

beforeEach(() => {
  localStorage.clear()
})

test('arrow keys move the divider within its limits, and its position is stored', async () => {
  const { unmount } = render(<Halves />)
  screen.getByRole('separator', { name: 'Between' }).focus()
  await userEvent.keyboard('{ArrowUp}{ArrowUp}{ArrowDown}')
  expect(screen.getByRole('separator')).toHaveAttribute('aria-valuenow', '45')
  await userEvent.keyboard('{End}{ArrowDown}')
  expect(screen.getByRole('separator')).toHaveAttribute('aria-valuenow', '85')
  unmount()
  render(<Halves />)
  expect(screen.getByRole('separator')).toHaveAttribute('aria-valuenow', '85')
})

test('a double click resets the position', () => {
  localStorage.setItem('halves', '0.7')
  render(<Halves />)
  expect(screen.getByRole('separator')).toHaveAttribute('aria-valuenow', '70')
  fireEvent.doubleClick(screen.getByRole('separator'))
  expect(screen.getByRole('separator')).toHaveAttribute('aria-valuenow', '50')
  expect(localStorage.getItem('halves')).toBeNull()
})
