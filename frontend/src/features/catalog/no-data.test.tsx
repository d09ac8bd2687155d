import { Code, ConnectError, createRouterTransport } from '@connectrpc/connect'
import { TransportProvider } from '@connectrpc/connect-query'
import { QueryClientProvider } from '@tanstack/react-query'
import { render, screen, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, test } from 'vitest'

import { ErrorInfoSchema } from '@/gen/google/rpc/error_details_pb'
import { CatalogService } from '@/gen/tickreel/v1/catalog_service_pb'
import { ConverterService } from '@/gen/tickreel/v1/converter_service_pb'
import { createQueryClient } from '@/rpc/query-client'

import { RawView } from './raw-view'

const DAY = {
  datasetId: 'day-2024-05-17',
  date: '2024-05-17',
  instruments: ['SAMPLE-SPOT:SPOT_PAIR:SOL-USDT'],
  rows: 7n,
}

/** Shows the raw view of an empty Catalog, with a Converter that can make sample data. */
function show(converter: { hasNoPlace?: boolean; make?: () => Promise<void> }): void {
  let made = false
  const transport = createRouterTransport(({ service }) => {
    service(CatalogService, {
      listDatasets: () => ({ datasets: made ? [DAY] : [] }),
      getDataset: () => ({ dataset: DAY }),
    })
    service(ConverterService, {
      makeSampleData: async ({ validateOnly }) => {
        if (validateOnly) {
          if (converter.hasNoPlace) throw new ConnectError('Read-only file system', Code.FailedPrecondition)
          return {}
        }
        await converter.make?.()
        made = true
        return { datasetIds: [DAY.datasetId], instruments: DAY.instruments }
      },
    })
  })
  render(
    <TransportProvider transport={transport}>
      <QueryClientProvider client={createQueryClient()}>
        <RawView chosen={undefined} onChoose={() => undefined} />
      </QueryClientProvider>
    </TransportProvider>,
  )
}

const make = () => screen.findByRole('button', { name: 'Make sample data' })

test('the button makes sample data, shows progress, and the list refreshes', async () => {
  let finish: (() => void) | undefined
  const finished = new Promise<void>((resolve) => (finish = resolve))
  show({ make: () => finished })
  await userEvent.click(await make())
  const making = screen.getByRole('button', { name: 'Making sample data' })
  expect(making).toHaveAttribute('aria-busy', 'true')
  expect(screen.getByRole('status')).toHaveTextContent('A few seconds')
  finish?.()
  const days = within(await screen.findByRole('grid', { name: 'Day folders' }))
  expect(days.getByText('SOL-USDT')).toBeVisible()
  expect(screen.queryByText(/No raw data yet/)).toBeNull()
})

test('a refusal names the conflicting file, and the button can be pressed again', async () => {
  const message = '/srv/raw/a.parquet is in the way: it is not a sample file, so it is not replaced; move it'
  let refuses = true
  show({
    make: async () => {
      await Promise.resolve()
      if (!refuses) return
      throw new ConnectError(message, Code.FailedPrecondition, undefined, [
        { desc: ErrorInfoSchema, value: { reason: 'STORE_NOT_WRITABLE', domain: 'tickreel' } },
      ])
    },
  })
  await userEvent.click(await make())
  expect(await screen.findByRole('alert')).toHaveTextContent(message)
  refuses = false
  await userEvent.click(await make())
  expect(await screen.findByRole('grid', { name: 'Day folders' })).toBeVisible()
})

test('if the services have read-only access, the command is shown instead of the button', async () => {
  show({ hasNoPlace: true })
  expect(await screen.findByText('tickreel sample-data')).toBeVisible()
  expect(screen.getByRole('button', { name: 'Copy command' })).toBeVisible()
  expect(screen.queryByRole('button', { name: /sample data/ })).toBeNull()
})
