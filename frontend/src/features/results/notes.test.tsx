import { createRouterTransport, type ServiceImpl } from '@connectrpc/connect'
import { TransportProvider } from '@connectrpc/connect-query'
import { QueryClientProvider } from '@tanstack/react-query'
import { render, screen } from '@testing-library/react'
import type { ReactElement } from 'react'
import userEvent from '@testing-library/user-event'
import { expect, test, vi } from 'vitest'

import { ResultsService } from '@/gen/tickreel/v1/results_service_pb'
import { createQueryClient } from '@/rpc/query-client'

import { DeleteButton } from './delete-button'
import { NotesButton } from './notes-button'

test('tags are added and removed, notes are saved on blur, and nothing else is changed', async () => {
  let entry = { result: { runId: 'BTC_1' }, tags: ['baseline'], notes: '' }
  const updates: unknown[] = []
  show(<NotesButton runId="BTC_1" />, {
    getResult: () => ({ result: entry }),
    updateResult: ({ tags, notes, updateMask }) => {
      const paths = updateMask?.paths ?? []
      updates.push(paths)
      entry = {
        ...entry,
        tags: paths.includes('tags') ? tags : entry.tags,
        notes: paths.includes('notes') ? notes : entry.notes,
      }
      return { result: entry }
    },
  })
  await userEvent.click(await screen.findByRole('button', { name: 'Notes and tags: baseline' }))
  await userEvent.type(screen.getByRole('textbox', { name: 'Add a tag' }), 'two words')
  expect(screen.getByText(/letters, digits, dots/)).toBeVisible()
  await userEvent.clear(screen.getByRole('textbox', { name: 'Add a tag' }))
  await userEvent.type(screen.getByRole('textbox', { name: 'Add a tag' }), 'reviewed{Enter}')
  await userEvent.click(await screen.findByRole('button', { name: 'Remove tag reviewed' }))
  await userEvent.type(screen.getByRole('textbox', { name: 'Notes' }), 'wide spreads')
  await userEvent.tab()
  await vi.waitFor(() => {
    expect(entry).toEqual({ result: { runId: 'BTC_1' }, tags: ['baseline'], notes: 'wide spreads' })
  })
  expect(updates).toEqual([['tags'], ['tags'], ['notes']])
})

test('a result is deleted only after the confirmation', async () => {
  const deleted: string[] = []
  const onDeleted = vi.fn()
  show(<DeleteButton runId="BTC_1" onDeleted={onDeleted} />, {
    deleteResult: ({ runId }) => {
      deleted.push(runId)
      return {}
    },
  })
  await userEvent.click(screen.getByRole('button', { name: 'Delete this result' }))
  await userEvent.click(await screen.findByRole('button', { name: 'Cancel' }))
  expect(deleted).toEqual([])
  await userEvent.click(screen.getByRole('button', { name: 'Delete this result' }))
  await userEvent.click(await screen.findByRole('button', { name: 'Delete' }))
  await vi.waitFor(() => {
    expect(onDeleted).toHaveBeenCalled()
  })
  expect(deleted).toEqual(['BTC_1'])
})

function show(element: ReactElement, service: Partial<ServiceImpl<typeof ResultsService>>) {
  const transport = createRouterTransport((router) => {
    router.service(ResultsService, service)
  })
  render(
    <TransportProvider transport={transport}>
      <QueryClientProvider client={createQueryClient()}>{element}</QueryClientProvider>
    </TransportProvider>,
  )
}
