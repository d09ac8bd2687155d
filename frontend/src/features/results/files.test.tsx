import { Code, ConnectError, createRouterTransport } from '@connectrpc/connect'
import { TransportProvider } from '@connectrpc/connect-query'
import { render, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, test, vi } from 'vitest'

import { ResultsService } from '@/gen/tickreel/v1/results_service_pb'

import { Files } from './files'

const content = new TextEncoder().encode('0123456789')

test('a broken download is resumed and the complete file is saved', async () => {
  const offsets: bigint[] = []
  const transport = createRouterTransport(({ rpc }) => {
    rpc(ResultsService.method.exportArtifact, async function* ({ offset }) {
      offsets.push(offset)
      await Promise.resolve()
      if (offset > 0n) {
        yield { data: content.subarray(Number(offset)), totalBytes: 10n }
        return
      }
      yield { data: content.subarray(0, 4), totalBytes: 10n }
      throw new ConnectError('the connection broke', Code.Unavailable)
    })
  })
  const saved: Blob[] = []
  vi.stubGlobal(
    'URL',
    Object.assign(URL, { createObjectURL: (blob: Blob) => saved.push(blob), revokeObjectURL: vi.fn() }),
  )
  render(
    <TransportProvider transport={transport}>
      <Files runId="r" full outputs={{ 'summary.json': '/results/r/summary.json' }} />
    </TransportProvider>,
  )
  await userEvent.click(screen.getByRole('button', { name: 'Save summary.json' }))
  await waitFor(() => {
    expect(saved).toHaveLength(1)
  })
  expect(offsets).toEqual([0n, 4n])
  expect(await saved[0]?.text()).toBe('0123456789')
})

test('a refusal is shown beside the file', async () => {
  const transport = createRouterTransport(({ rpc }) => {
    rpc(ResultsService.method.exportArtifact, () => {
      throw new ConnectError('summary.json is gone', Code.NotFound)
    })
  })
  render(
    <TransportProvider transport={transport}>
      <Files runId="r" full outputs={{ 'summary.json': '/results/r/summary.json' }} />
    </TransportProvider>,
  )
  await userEvent.click(screen.getByRole('button', { name: 'Save summary.json' }))
  expect(await screen.findByRole('alert')).toHaveTextContent('summary.json is gone')
})

test('an export shows its progress, and a fast run offers only its own tables', async () => {
  let made: (() => void) | undefined
  const making = new Promise<void>((resolve) => (made = resolve))
  const names: string[] = []
  const transport = createRouterTransport(({ rpc }) => {
    rpc(ResultsService.method.exportArtifact, async function* ({ name }) {
      names.push(name)
      yield { madeRows: 40_000n, totalRows: 120_000n }
      await making
      yield { data: content, totalBytes: 10n }
    })
  })
  const saved: Blob[] = []
  vi.stubGlobal(
    'URL',
    Object.assign(URL, { createObjectURL: (blob: Blob) => saved.push(blob), revokeObjectURL: vi.fn() }),
  )
  render(
    <TransportProvider transport={transport}>
      <Files runId="r" full={false} outputs={{}} />
    </TransportProvider>,
  )
  expect(screen.queryByRole('button', { name: 'Save orders.csv' })).not.toBeInTheDocument()
  await userEvent.click(screen.getByRole('button', { name: 'Save ticks.csv' }))
  expect(await screen.findByText('ticks.csv: 40,000 of 120,000 rows written')).toBeVisible()
  made?.()
  await waitFor(() => {
    expect(saved).toHaveLength(1)
  })
  expect(await saved[0]?.text()).toBe('0123456789')
  expect(names).toEqual(['ticks.csv'])
})
