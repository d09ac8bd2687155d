import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { Code, ConnectError, createRouterTransport, type ServiceImpl } from '@connectrpc/connect'
import { TransportProvider } from '@connectrpc/connect-query'
import { QueryClientProvider } from '@tanstack/react-query'
import { createMemoryHistory, createRootRoute, createRoute, createRouter, RouterProvider } from '@tanstack/react-router'
import { render, screen, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, test } from 'vitest'

import { ErrorInfoSchema } from '@/gen/google/rpc/error_details_pb'
import { JobPhase, JobState } from '@/gen/tickreel/v1/job_pb'
import { RunMode, SnapshotMode } from '@/gen/tickreel/v1/result_pb'
import { type Run, type RunEntry, RunEntrySchema, RunSchema } from '@/gen/tickreel/v1/run_pb'
import { ResultsService } from '@/gen/tickreel/v1/results_service_pb'
import { RunnerService } from '@/gen/tickreel/v1/runner_service_pb'
import { Verdict } from '@/gen/tickreel/v1/verification_pb'
import { LiveRunsProvider } from '@/jobs/live-runs'
import { createQueryClient } from '@/rpc/query-client'

import { CancelButton } from './live/cancel-button'
import { LiveRun } from './live/live-run'
import { useWatchedRun } from './live/use-watched-run'
import { RunsScreen } from './runs/runs-screen'
import { runsSearch } from './runs/runs-search'

test('the list has finished and live runs, each once, and can be filtered', async () => {
  const finished = entry('BTC_1', JobState.SUCCEEDED, {
    figures: { orders: 120_000n, pnl: '-122391.14912704', currency: 'USDT' },
  })
  const failed = entry('BTC_2', JobState.FAILED, { failure: { reason: 'OUT_OF_MEMORY', message: 'it took too much' } })
  const live = entry('ETH_3', JobState.RUNNING, { progress: { phase: JobPhase.REPLAYING, done: 430n, total: 1000n } })
  const before = entry('ETH_3', JobState.QUEUED)
  show('/runs', {
    listRuns: () => ({ runs: [before, failed, finished] }),
    watchRuns: async function* () {
      yield { runs: [live] }
      await new Promise(() => undefined)
    },
  })
  const row = async (name: RegExp) => within(await screen.findByRole('row', { name }))
  expect((await row(/BTC_1/)).getByText('−122,391.15')).toBeVisible()
  expect((await row(/BTC_1/)).getAllByText('USDT')).toHaveLength(2)
  expect((await row(/BTC_2/)).getByText('OUT_OF_MEMORY')).toBeVisible()
  expect((await row(/ETH_3/)).getByText('43 %')).toBeVisible()

  await userEvent.click(screen.getByRole('radio', { name: 'Failed 1' }))
  expect(screen.getAllByRole('row')).toHaveLength(2)
  await userEvent.type(screen.getByRole('searchbox'), 'nothing like it')
  expect(screen.getByText('No runs match these filters.')).toBeVisible()
  await userEvent.click(screen.getByRole('link', { name: 'Clear filters' }))
  expect(screen.getAllByRole('row')).toHaveLength(4)
})

test('a result without a run is listed, tags filter, and a run without a result is marked', async () => {
  const day = { seconds: 1_716_000_000n, nanos: 0 }
  const gone = entry('BTC_1', JobState.SUCCEEDED, { endedAt: day, figures: { pnl: '1' } })
  const verification = entry('BTC_9', JobState.SUCCEEDED, {
    verifiedRunId: 'BTC_1',
    verdict: Verdict.EQUAL,
  })
  const results = {
    listResults: () => ({
      results: [
        {
          runId: 'ETH_7',
          instrument: 'X:PERPETUAL:ETH-USDT@LIN',
          mode: RunMode.FULL,
          tags: ['copied'],
          createdAt: day,
        },
      ],
    }),
  }
  show('/runs', { listRuns: () => ({ runs: [verification, gone] }) }, results)
  expect(within(await screen.findByRole('row', { name: /ETH_7/ })).getByText('copied')).toBeVisible()
  expect(within(screen.getByRole('row', { name: /BTC_1/ })).getByText('no result')).toBeVisible()
  expect(screen.queryByText('BTC_9')).not.toBeInTheDocument()

  await userEvent.click(screen.getByRole('radio', { name: 'Verifications 1' }))
  const verified = within(screen.getByRole('row', { name: /BTC_9/ }))
  expect(verified.getByText('equal')).toBeVisible()
  expect(verified.getByRole('link', { name: 'BTC_1' })).toHaveAttribute('href', '/runs/BTC_1')
  await userEvent.click(screen.getByRole('radio', { name: 'All' }))
  await userEvent.click(screen.getByRole('combobox', { name: 'Tag' }))
  await userEvent.click(await screen.findByRole('option', { name: 'copied' }))
  expect(screen.getAllByRole('row')).toHaveLength(2)
})

test('a list that fails to load shows the error and can be retried', async () => {
  let calls = 0
  const because = { desc: ErrorInfoSchema, value: { reason: 'INTERNAL', domain: 'tickreel' } }
  show('/runs', {
    listRuns: () => {
      calls += 1
      if (calls === 1) throw new ConnectError('the journal cannot be read', Code.Internal, undefined, [because])
      return { runs: [entry('BTC_1', JobState.SUCCEEDED)] }
    },
  })
  expect(await screen.findByText('the journal cannot be read')).toBeVisible()
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }))
  expect(await screen.findByRole('link', { name: 'BTC_1' })).toBeVisible()
})

test('cancelling is shown at once, and the state follows', async () => {
  let cancelled: (() => void) | undefined
  const cancelRequested = new Promise<void>((resolve) => (cancelled = resolve))
  const running = run('BTC_1', JobState.RUNNING, { progress: { phase: JobPhase.LOADING } })
  show('/runs/BTC_1', {
    watchRun: async function* () {
      yield { run: running }
      await cancelRequested
      yield { run: run('BTC_1', JobState.CANCELLED) }
    },
    cancelRun: () => new Promise(() => undefined),
  })
  await userEvent.click(await screen.findByRole('button', { name: 'Cancel run' }))
  expect(screen.getByRole('button', { name: 'Cancelling' })).toHaveAttribute('aria-disabled', 'true')
  cancelled?.()
  expect(await screen.findByText('Cancelled. No result was kept.')).toBeVisible()
})

test('a failed run shows its reason, the next step and the end of its log', async () => {
  show('/runs/BTC_1', {
    watchRun: async function* () {
      yield await Promise.resolve({
        run: run('BTC_1', JobState.FAILED, {
          failure: {
            reason: 'REPLAY_FAILED',
            message: 'on_trade_tick raised ZeroDivisionError',
            metadata: { log: 'division by zero\n' },
          },
        }),
      })
    },
  })
  expect(await screen.findByText('on_trade_tick raised ZeroDivisionError')).toBeVisible()
  expect(screen.getByText('REPLAY_FAILED')).toBeVisible()
  expect(screen.getByText(/The log below has the error of the strategy/)).toBeVisible()
  expect(screen.getByRole('button', { name: 'Run again' })).toBeEnabled()
})

test('the log can be filtered by level', async () => {
  show('/runs/BTC_1', {
    watchRun: async function* () {
      yield await Promise.resolve({ run: run('BTC_1', JobState.RUNNING) })
    },
    streamRunLog: async function* () {
      yield await Promise.resolve({ text: '[INFO] Grid: constructed\n[ERROR] Grid: no quote\n    a second line\n' })
    },
  })
  await userEvent.click(await screen.findByRole('tab', { name: 'Log' }))
  expect(await screen.findByRole('radio', { name: 'All 3' })).toBeChecked()
  await userEvent.click(screen.getByRole('radio', { name: 'Errors 2' }))
  expect(screen.getByRole('radio', { name: 'Errors 2' })).toBeChecked()
})

/** Renders a screen of the runner on an in-memory service; methods that are not given return empty responses. */
function show(
  path: string,
  service: Partial<ServiceImpl<typeof RunnerService>>,
  results: Partial<ServiceImpl<typeof ResultsService>> = { listResults: () => ({}) },
) {
  const silence = async function* () {
    await new Promise(() => undefined)
    yield {}
  }
  const transport = createRouterTransport(({ service: serve }) => {
    serve(ResultsService, results)
    serve(RunnerService, { watchRuns: silence, streamRunLog: silence, ...service })
  })
  const root = createRootRoute()
  const routeTree = root.addChildren([
    createRoute({ getParentRoute: () => root, path: '/runs', validateSearch: runsSearch, component: RunsScreen }),
    createRoute({ getParentRoute: () => root, path: '/runs/BTC_1', component: OneRun }),
  ])
  const router = createRouter({ routeTree, history: createMemoryHistory({ initialEntries: [path] }) })
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

function OneRun() {
  const stream = useWatchedRun('BTC_1')
  const { run } = stream.state
  return (
    run && (
      <>
        <CancelButton run={run} />
        <LiveRun run={run} stream={stream} />
      </>
    )
  )
}

function run(runId: string, state: JobState, fields: Exclude<MessageInitShape<typeof RunSchema>, Run> = {}): Run {
  return create(RunSchema, {
    runId,
    state,
    config: { instrument: { id: 'SAMPLE-FUTURES:PERPETUAL:BTC-USDT@LIN' } },
    options: { mode: RunMode.FULL, snapshotMode: SnapshotMode.BOTH },
    ...fields,
  })
}

function entry(
  runId: string,
  state: JobState,
  fields: Exclude<MessageInitShape<typeof RunEntrySchema>, RunEntry> = {},
): RunEntry {
  return create(RunEntrySchema, {
    runId,
    state,
    instrument: 'SAMPLE-FUTURES:PERPETUAL:BTC-USDT@LIN',
    options: { mode: RunMode.FULL, snapshotMode: SnapshotMode.BOTH },
    ...fields,
  })
}
