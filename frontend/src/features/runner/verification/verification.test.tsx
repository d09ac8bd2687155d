import { create } from '@bufbuild/protobuf'
import { timestampFromMs } from '@bufbuild/protobuf/wkt'
import { createRouterTransport, type ServiceImpl } from '@connectrpc/connect'
import { TransportProvider } from '@connectrpc/connect-query'
import { QueryClientProvider } from '@tanstack/react-query'
import { createMemoryHistory, createRootRoute, createRouter, RouterProvider } from '@tanstack/react-router'
import { render, screen, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, test, vi } from 'vitest'

import { JobPhase, JobState } from '@/gen/tickreel/v1/job_pb'
import { Severity } from '@/gen/tickreel/v1/result_pb'
import { RunEntrySchema } from '@/gen/tickreel/v1/run_pb'
import { RunnerService } from '@/gen/tickreel/v1/runner_service_pb'
import { RunInput, Verdict } from '@/gen/tickreel/v1/verification_pb'
import { LiveRunsProvider } from '@/jobs/live-runs'
import { createQueryClient } from '@/rpc/query-client'

import { VerificationStrip } from './verification-strip'
import { VerifyButton } from './verify-button'

test('a verification is requested, shows progress, and ends in a verdict that can be closed', async () => {
  let resolveRequest: ((runId: string) => void) | undefined
  const request = new Promise<string>((resolve) => (resolveRequest = resolve))
  const start = { runId: 'VERIFY_1', verifiedRunId: 'BTC_1', createdAt: timestampFromMs(Date.now()) }
  let finish: (() => void) | undefined
  const finished = new Promise<void>((resolve) => (finish = resolve))
  show({
    verifyRun: ({ runId }) => {
      resolveRequest?.(runId)
      return {}
    },
    watchRuns: async function* () {
      yield {}
      expect(await request).toBe('BTC_1')
      const progress = { phase: JobPhase.REPLAYING, done: 40n, total: 100n }
      yield { runs: [create(RunEntrySchema, { ...start, state: JobState.RUNNING, progress })] }
      await finished
      yield { runs: [create(RunEntrySchema, { ...start, state: JobState.SUCCEEDED, verdict: Verdict.EQUAL })] }
      await new Promise(() => undefined)
    },
    getRun: ({ runId }) => {
      expect(runId).toBe('VERIFY_1')
      const verification = { verdict: Verdict.EQUAL, orders: 120_000n, fills: 123_398n }
      return { run: { ...start, state: JobState.SUCCEEDED, verification } }
    },
  })
  await userEvent.click(await screen.findByRole('button', { name: 'Verify' }))
  const strip = within(await screen.findByRole('region', { name: 'Verification' }))
  expect(strip.getByRole('progressbar')).toHaveAttribute('aria-valuenow', '40')
  expect(screen.getByRole('button', { name: 'Verifying' })).toHaveAttribute('aria-disabled', 'true')
  finish?.()
  expect(await strip.findByText('Equal.')).toBeVisible()
  expect(strip.getByText(/all 120,000 orders, 123,398 fills and the account are the same/)).toBeVisible()
  await userEvent.click(strip.getByRole('button', { name: 'Close verdict' }))
  expect(screen.queryByRole('region', { name: 'Verification' })).not.toBeInTheDocument()
})

test('the first difference is named with the changed input, and its order is selected', async () => {
  const onOrder = vi.fn()
  const verification = {
    verdict: Verdict.DIFFERENT,
    inputs: [{ input: RunInput.DATA, name: 'day-1/trades.parquet', recorded: 'aaaa', present: 'bbbb' }],
    divergence: {
      orderId: 17n,
      order: { id: 17n },
      fields: [{ name: 'average_price', recorded: '100.5', again: '100.6' }],
    },
    summary: [{ name: 'realized_pnl', recorded: '1.50', again: '1.40' }],
    findings: [{ severity: Severity.WARNING, code: 'CLOCK_READ', message: 'time.time at mine.py:3 in Mine.on_trade' }],
  }
  const past = { runId: 'VERIFY_1', verifiedRunId: 'BTC_1', state: JobState.SUCCEEDED }
  show(
    {
      listRuns: ({ filter }) => {
        expect(filter).toBe('verified_run_id = "BTC_1"')
        return { runs: [{ ...past, verdict: Verdict.DIFFERENT }] }
      },
      getRun: () => ({ run: { ...past, verification } }),
    },
    onOrder,
  )
  const strip = within(await screen.findByRole('region', { name: 'Verification' }))
  expect(await strip.findByText('Different.')).toBeVisible()
  expect(strip.getByText(/Order 17 is the first that differs/)).toBeVisible()
  expect(strip.getByRole('row', { name: /data day-1\/trades.parquet aaaa bbbb/ })).toBeVisible()
  expect(strip.getByRole('row', { name: /average price 100.5 100.6/ })).toBeVisible()
  expect(strip.getByRole('row', { name: /realized pnl 1.50 1.40/ })).toBeVisible()
  expect(strip.getByText(/time.time at mine.py:3/)).toBeVisible()
  await userEvent.click(strip.getByRole('button', { name: 'Show order' }))
  expect(onOrder).toHaveBeenCalledWith(17n)
})

/** Renders the verification parts of the report of BTC_1, on an in-memory service. */
function show(service: Partial<ServiceImpl<typeof RunnerService>>, onOrder = vi.fn()) {
  const silence = async function* () {
    await new Promise(() => undefined)
    yield {}
  }
  const transport = createRouterTransport((router) => {
    router.service(RunnerService, { watchRuns: silence, listRuns: () => ({}), ...service })
  })
  const routeTree = createRootRoute({
    component: () => (
      <>
        <VerifyButton runId="BTC_1" />
        <VerificationStrip runId="BTC_1" onOrder={onOrder} />
      </>
    ),
  })
  const router = createRouter({ routeTree, history: createMemoryHistory({ initialEntries: ['/'] }) })
  render(
    <TransportProvider transport={transport}>
      <QueryClientProvider client={createQueryClient()}>
        <LiveRunsProvider>
          <RouterProvider router={router as never} />
        </LiveRunsProvider>
      </QueryClientProvider>
    </TransportProvider>,
  )
}
