import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { createRouterTransport, type ServiceImpl } from '@connectrpc/connect'
import { TransportProvider } from '@connectrpc/connect-query'
import { QueryClientProvider } from '@tanstack/react-query'
import { render, screen, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { useState } from 'react'
import { expect, test } from 'vitest'

import {
  type Conversion,
  type ConversionEntry,
  ConversionEntrySchema,
  ConversionSchema,
} from '@/gen/tickreel/v1/conversion_pb'
import { ConverterService } from '@/gen/tickreel/v1/converter_service_pb'
import { JobPhase, JobState } from '@/gen/tickreel/v1/job_pb'
import { DataType } from '@/gen/tickreel/v1/market_data_pb'
import { createQueryClient } from '@/rpc/query-client'

import { ConversionsView } from './conversions-view'

test('a running conversion shows progress and can be cancelled', async () => {
  let cancelled: (() => void) | undefined
  const cancelRequested = new Promise<void>((resolve) => (cancelled = resolve))
  const running = conversion('CNV_BTC', JobState.RUNNING, {
    progress: { phase: JobPhase.CONVERTING, done: 250n, total: 1000n, unit: 'rows' },
    files: [
      { source: 'raw_tick_data/by_date/day-1/a.parquet', dataType: DataType.TRADES, rows: 600n, path: 'a' },
      { source: 'raw_tick_data/by_date/day-1/b.parquet', dataType: DataType.TRADES, rows: 400n },
    ],
  })
  show({
    listConversions: () => ({ conversions: [entryOf(running)] }),
    watchConversion: async function* () {
      yield { conversion: running }
      await cancelRequested
      yield { conversion: conversion('CNV_BTC', JobState.CANCELLED) }
    },
    cancelConversion: () => {
      cancelled?.()
      return {}
    },
  })
  const one = within(await screen.findByRole('region', { name: 'Conversion CNV_BTC' }))
  expect(one.getByText('250 of 1,000 rows')).toBeVisible()
  expect(one.getByRole('progressbar', { name: 'converting' })).toHaveAttribute('aria-valuenow', '25')
  expect(one.getByText('to convert')).toBeVisible()
  await userEvent.click(one.getByRole('button', { name: 'Cancel conversion' }))
  expect(await one.findByText('cancelled')).toBeVisible()
})

test('the selected conversion shows its failure or its findings', async () => {
  const failed = conversion('CNV_BTC', JobState.FAILED, {
    failure: { reason: 'DATA_REFUSED', message: 'row 7: price is NaN' },
  })
  const done = conversion('CNV_ETH', JobState.SUCCEEDED, {
    files: [{ source: 'c.parquet', cached: true, findings: [{ code: 'REPEATED_BOOKS', message: '3 are equal' }] }],
    figures: { files: 1n, cachedFiles: 1n, rows: 10n },
  })
  show({
    listConversions: () => ({ conversions: [entryOf(failed), entryOf(done)] }),
    watchConversion: async function* ({ conversionId }) {
      yield await Promise.resolve({ conversion: conversionId === 'CNV_BTC' ? failed : done })
    },
  })
  expect(await screen.findByText('row 7: price is NaN')).toBeVisible()
  expect(screen.getByText(/Repair or replace the raw file/)).toBeVisible()
  await userEvent.click(screen.getByText('1 file, 1 cached'))
  expect(await screen.findByText('3 are equal')).toBeVisible()
  expect(screen.queryByText('row 7: price is NaN')).not.toBeInTheDocument()
})

/** Shows the conversions of an in-memory service. */
function show(service: Partial<ServiceImpl<typeof ConverterService>>) {
  const transport = createRouterTransport((router) => {
    router.service(ConverterService, service)
  })
  render(
    <TransportProvider transport={transport}>
      <QueryClientProvider client={createQueryClient()}>
        <Chosen />
      </QueryClientProvider>
    </TransportProvider>,
  )
}

function Chosen() {
  const [chosen, setChosen] = useState<string>()
  return <ConversionsView chosen={chosen} onChoose={setChosen} />
}

function conversion(
  conversionId: string,
  state: JobState,
  fields: Exclude<MessageInitShape<typeof ConversionSchema>, Conversion> = {},
): Conversion {
  const spec = { instrument: 'X:PERPETUAL:BTC-USDT@LIN', dataTypes: [DataType.TRADES] }
  return create(ConversionSchema, { conversionId, state, spec, ...fields })
}

/** The list entry of a conversion: it has the same fields with the same numbers. */
function entryOf(conversion: Conversion): ConversionEntry {
  return fromBinary(ConversionEntrySchema, toBinary(ConversionSchema, conversion))
}
