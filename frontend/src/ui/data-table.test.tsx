import { fireEvent, render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, test, vi } from 'vitest'

import { DataTable } from './data-table'
import type { Column } from './table-column'

const COLUMNS: readonly Column<string>[] = [
  { id: 'name', header: 'Name', width: 100, grow: true, cell: (row) => row },
  { id: 'length', header: 'Length', width: 80, align: 'end', sortable: true, cell: (row) => row.length },
]

function Words() {
  return <DataTable label="Words" columns={COLUMNS} rows={['tick', 'reel']} rowKey={(row) => row} />
}

const widths = () => screen.getAllByRole('row')[0]?.style.gridTemplateColumns

test('a column is resized by keys and by dragging, keeps its width, and is reset by a double click', async () => {
  vi.spyOn(HTMLElement.prototype, 'offsetWidth', 'get').mockReturnValue(100)
  HTMLElement.prototype.setPointerCapture = () => undefined
  const { unmount } = render(<Words />)
  expect(widths()).toBe('minmax(100px, 1fr) 80px')
  const edge = screen.getByRole('separator', { name: 'Width of Name' })
  edge.focus()
  await userEvent.keyboard('{ArrowRight}')
  expect(widths()).toBe('116px 80px')

  fireEvent.pointerDown(edge, { clientX: 200 })
  fireEvent.pointerMove(edge, { clientX: 260 })
  fireEvent.pointerUp(edge)
  fireEvent.pointerMove(edge, { clientX: 500 })
  expect(widths()).toBe('160px 80px')

  unmount()
  render(<Words />)
  expect(widths()).toBe('160px 80px')
  await userEvent.dblClick(screen.getByRole('separator', { name: 'Width of Name' }))
  expect(widths()).toBe('minmax(100px, 1fr) 80px')
})
