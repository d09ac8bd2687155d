import { create } from '@bufbuild/protobuf'
import { Code, ConnectError, createRouterTransport } from '@connectrpc/connect'
import { TransportProvider } from '@connectrpc/connect-query'
import { QueryClientProvider } from '@tanstack/react-query'
import { createMemoryHistory, createRootRoute, createRoute, createRouter, RouterProvider } from '@tanstack/react-router'
import { render, screen, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, test } from 'vitest'

import { BadRequestSchema } from '@/gen/google/rpc/error_details_pb'
import { RunnerService } from '@/gen/tickreel/v1/runner_service_pb'
import { createQueryClient } from '@/rpc/query-client'

import { ConfigsScreen } from './configs-screen'
import { configsSearch } from './configs-search'

const TEXT = JSON.stringify({
  instrument: { id: 'X:PERPETUAL:BTC-USDT@LIN' },
  time_window: { start: '2024-05-17T22:00:00Z', end: '2024-05-18T02:00:00Z' },
})

test('the list marks configs with problems, and the open one shows its problems or what a run would read', async () => {
  show()
  const list = within(await screen.findByRole('list', { name: 'Configs' }))
  expect(await within(list.getByRole('link', { name: /^lost/ })).findByText('1 problem')).toBeVisible()
  expect(within(list.getByRole('link', { name: /^broken/ })).getByText('2 problems')).toBeVisible()
  expect(within(list.getByRole('link', { name: /^good/ })).queryByText(/problem/)).not.toBeInTheDocument()

  const good = within(await screen.findByRole('region', { name: 'Checked against the data' }))
  expect(good.getByText('120,000')).toBeVisible()
  expect(good.getByText('2 files, 1 to convert first')).toBeVisible()
  expect(screen.getByText('2024-05-17T22:00:00Z → 2024-05-18T02:00:00Z')).toBeVisible()

  await userEvent.click(list.getByRole('link', { name: /^lost/ }))
  const problems = within(await screen.findByRole('region', { name: 'Problems' }))
  expect(problems.getByText('there are no trades of it')).toBeVisible()
  await userEvent.click(list.getByRole('link', { name: /^broken/ }))
  expect(await screen.findByText('must be a number')).toBeVisible()
  expect(screen.queryByRole('link', { name: 'Run this config' })).not.toBeInTheDocument()
})

function show() {
  const broken = [
    { field: 'venue.taker_fee', description: 'must be a number' },
    { field: 'risk.throttling_per_sec', description: 'must be at least 1' },
  ]
  const transport = createRouterTransport(({ service }) => {
    service(RunnerService, {
      listConfigs: () => ({
        configs: [{ configId: 'good' }, { configId: 'lost' }, { configId: 'broken', violations: broken }],
      }),
      getConfig: ({ configId }) => ({
        config: { configId, text: TEXT, violations: configId === 'broken' ? broken : [] },
      }),
      createRun: ({ source }) => {
        if (source.value === 'good') {
          return { preview: { tradeRows: 120_000n, files: [{ source: 'a', cached: true }, { source: 'b' }] } }
        }
        const fieldViolations = [{ field: 'instrument.id', description: 'there are no trades of it' }]
        throw new ConnectError('the run is refused', Code.InvalidArgument, undefined, [
          { desc: BadRequestSchema, value: create(BadRequestSchema, { fieldViolations }) },
        ])
      },
    })
  })
  const root = createRootRoute()
  const configs = createRoute({
    getParentRoute: () => root,
    path: '/configs',
    validateSearch: configsSearch,
    component: ConfigsScreen,
  })
  const run = createRoute({ getParentRoute: () => root, path: '/' })
  const router = createRouter({
    routeTree: root.addChildren([configs, run]),
    history: createMemoryHistory({ initialEntries: ['/configs'] }),
  })
  render(
    <TransportProvider transport={transport}>
      <QueryClientProvider client={createQueryClient()}>
        <RouterProvider router={router as never} />
      </QueryClientProvider>
    </TransportProvider>,
  )
}
