import { create, type JsonObject } from '@bufbuild/protobuf'
import { Code, ConnectError, createRouterTransport } from '@connectrpc/connect'
import { TransportProvider } from '@connectrpc/connect-query'
import { QueryClientProvider } from '@tanstack/react-query'
import { render, screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { beforeEach, describe, expect, it, vi } from 'vitest'

import { BadRequestSchema, ErrorInfoSchema } from '@/gen/google/rpc/error_details_pb'
import { CatalogService, DatasetSchema } from '@/gen/tickreel/v1/catalog_service_pb'
import { DataType } from '@/gen/tickreel/v1/market_data_pb'
import { RunMode, SnapshotMode } from '@/gen/tickreel/v1/result_pb'
import { type CreateRunRequest, RunnerService } from '@/gen/tickreel/v1/runner_service_pb'
import { createQueryClient } from '@/rpc/query-client'
import type { Address } from '@/ui/address'
import { parseInstant, secondsAndNanos } from '@/ui/format/instant'

import { Launch } from './launch'
import type { LaunchSearch } from './launch-search'

const BTC = 'SAMPLE-FUTURES:PERPETUAL:BTC-USDT'
const CONFIG = {
  instrument: { id: `${BTC}@LIN`, price_precision: 1, size_precision: 3 },
  venue: { name: 'SAMPLE-FUTURES', account_type: 'MARGIN', taker_fee: 0.0004 },
  time_window: { start: '2024-05-17T22:00:00Z', end: '2024-05-17T23:00:00Z' },
  strategy: { name: 'EveryNth', submission_mode: 'per_trade_tick' },
  risk: { throttling_per_sec: 1000 },
}
const WINDOW = { start: at('2024-05-17T22:00:00Z'), end: at('2024-05-17T23:00:00Z') }

/** Requests that reached the Runner: checks, and creations. */
let checks: CreateRunRequest[]
let created: CreateRunRequest[]
let violations: { field: string; description: string }[]
let datasets: boolean
let reachable: boolean

beforeEach(() => {
  checks = []
  created = []
  violations = []
  datasets = true
  reachable = true
})

const transport = createRouterTransport(({ service }) => {
  service(RunnerService, {
    listConfigs: () => ({
      configs: [{ configId: 'other' }, { configId: 'sample', config: { instrument: { id: `${BTC}@LIN` } } }],
    }),
    getConfig: ({ configId }) => ({ config: { configId, text: JSON.stringify(CONFIG, null, 2) } }),
    getRun: ({ runId }) => ({
      run: {
        runId,
        config: { instrument: { id: `${BTC}@LIN` }, timeWindow: WINDOW, strategy: { name: 'EveryNth' }, risk: {} },
        options: { mode: RunMode.FULL, snapshotMode: SnapshotMode.BOTH, exportTicks: true, dataset: 'day-2024-05-17' },
      },
    }),
    listStrategies: () => {
      if (!reachable) throw new ConnectError('no healthy upstream', Code.Unavailable)
      const n = { type: 'integer', minimum: 1, description: 'How many rows come to one order.' }
      return {
        strategies: [
          { strategyId: 'EmaCross', parametersSchema: schemaOf({ size: { type: 'string' } }) },
          {
            strategyId: 'EveryNth',
            submissionModes: ['per_trade_tick'],
            parametersSchema: schemaOf({ n }),
          },
        ],
      }
    },
    createRun: (request) => {
      ;(request.validateOnly ? checks : created).push(request)
      if (violations.length > 0) {
        throw new ConnectError('the run is refused', Code.InvalidArgument, undefined, [
          { desc: ErrorInfoSchema, value: { reason: 'CONFIG_INVALID', domain: 'tickreel' } },
          { desc: BadRequestSchema, value: { fieldViolations: violations } },
        ])
      }
      return {
        run: {
          runId: 'RUN',
          config: { timeWindow: WINDOW, strategy: { submissionMode: 'per_trade_tick' } },
          options: { configPath: '/srv/configs/sample.json' },
        },
        preview: {
          files: [{ source: 'a', dataset: 'day-2024-05-17', dataType: DataType.TRADES, rows: 500n }],
          tradeRows: 123n,
          rowsEstimated: true,
          environment: { UNIFIED_CLOUD_SERVICES_USE_PARQUET: 'true', DATA_CATALOG_PATH: '/srv/parquet' },
        },
      }
    },
  })
  service(CatalogService, {
    listDatasets: () => ({ datasets: datasets ? [day(false)] : [] }),
    getDataset: () => ({ dataset: day(true) }),
  })
})

function schemaOf(properties: JsonObject): JsonObject {
  return { type: 'object', properties }
}

function day(withFiles: boolean) {
  const files = withFiles ? [{ instrument: BTC, dataType: DataType.TRADES, rows: 500n, span: WINDOW }] : []
  return create(DatasetSchema, {
    datasetId: 'day-2024-05-17',
    date: '2024-05-17',
    instruments: [BTC],
    rows: 500n,
    files,
  })
}

function at(text: string) {
  return secondsAndNanos(parseInstant(text) ?? 0n)
}

function open(search: LaunchSearch = { config: 'sample', snapshot_mode: 'trades' }) {
  const onLaunched = vi.fn<() => void>()
  const address = addressOf(search)
  render(
    <TransportProvider transport={transport}>
      <QueryClientProvider client={createQueryClient()}>
        <Launch
          address={address}
          onLaunched={onLaunched}
          noData={({ onMade }) => (
            <button
              onClick={() => {
                onMade([BTC])
              }}
            >
              Make some
            </button>
          )}
        />
      </QueryClientProvider>
    </TransportProvider>,
  )
  return { user: userEvent.setup({ delay: null }), onLaunched, address }
}

/** An in-memory address. */
function addressOf(search: LaunchSearch): Address<LaunchSearch> {
  const listeners = new Set<() => void>()
  return {
    read: () => search,
    change: (part) => {
      search = { ...search, ...part }
      for (const listener of listeners) listener()
    },
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

const ready = () => screen.findByText('Ready')
const runButton = () => screen.getByRole('button', { name: 'Run' })
const command = (tool: string) => screen.getByRole('region', { name: `Command for ${tool}` }).textContent

describe('the Run screen', () => {
  it('asks for a config, then for a snapshot mode, while Run is disabled', async () => {
    const { user, address } = open({})
    expect(await screen.findByText('Choose a config')).toBeVisible()
    expect(runButton()).toHaveAttribute('aria-disabled', 'true')
    await user.click(await screen.findByRole('button', { name: /sample/ }))
    expect(await screen.findByText('Choose what to replay: trades, book or both')).toBeVisible()
    expect(screen.queryByRole('region', { name: 'Problems' })).toBeNull()
    await user.click(screen.getByRole('radio', { name: 'Both' }))
    await ready()
    await waitFor(() => {
      expect(address.read()).toMatchObject({ config: 'sample', snapshot_mode: 'both' })
    })
  })

  it('shows what will be read, and the environment', async () => {
    open()
    await ready()
    const preview = screen.getByRole('region', { name: 'Replay preview' })
    expect(within(preview).getByText('≈ 123')).toBeVisible()
    expect(within(preview).getByText('up to ≈ 123')).toBeVisible()
    expect(screen.getByText('to convert')).toBeVisible()
    expect(screen.getByText('/srv/parquet')).toBeVisible()
    expect(command('tickreel')).toContain('tickreel run --config /srv/configs/sample.json')
  })

  it('shows every problem at its field and in one list, and disables Run', async () => {
    violations = [
      { field: 'risk.throttling_per_sec', description: 'is 0; it must be at least 1' },
      { field: 'venue.taker_fee', description: 'is missing; it must be a number' },
      { field: 'options.snapshot_mode', description: 'is missing; it must be trades, book or both' },
    ]
    const { user } = open({ config: 'sample' })
    const problems = await screen.findByRole('region', { name: 'Problems' })
    expect(within(problems).getAllByRole('button')).toHaveLength(2)
    expect(screen.getByRole('textbox', { name: 'Risk throttle' })).toHaveAccessibleDescription(
      'is 0; it must be at least 1',
    )
    await user.click(within(problems).getByRole('button', { name: /risk.throttling_per_sec/ }))
    expect(screen.getByRole('textbox', { name: 'Risk throttle' })).toHaveFocus()
    await user.click(screen.getByRole('radio', { name: 'Trades' }))
    await user.click(runButton())
    expect(created).toHaveLength(0)
  })

  it('runs an unedited config by its id, and an edited one as a document', async () => {
    const { user, onLaunched } = open()
    await ready()
    await user.click(runButton())
    await waitFor(() => {
      expect(onLaunched).toHaveBeenCalledOnce()
    })
    expect(created[0]?.source).toEqual({ case: 'configId', value: 'sample' })

    await user.clear(screen.getByRole('textbox', { name: 'Risk throttle' }))
    await user.type(screen.getByRole('textbox', { name: 'Risk throttle' }), '5')
    await user.type(screen.getByRole('textbox', { name: 'n' }), '7')
    await ready()
    expect(screen.getByText(/^Edited/)).toBeVisible()
    await user.click(runButton())
    await waitFor(() => {
      expect(created).toHaveLength(2)
    })
    const parameters = { n: 7 }
    const document = {
      ...CONFIG,
      risk: { throttling_per_sec: 5 },
      strategy: { ...CONFIG.strategy, parameters },
    }
    expect(created[1]?.source).toEqual({ case: 'document', value: document })
    expect(command('tickreel')).toContain('tickreel run --config - \\\n  --snapshot_mode trades')
    expect(command('tickreel')).toContain('"throttling_per_sec": 5')

    await user.click(screen.getByRole('button', { name: 'Revert' }))
    expect(screen.queryByText(/^Edited/)).toBeNull()
    expect(command('tickreel')).toContain('--config /srv/configs/sample.json')
  })

  it('gives a chosen strategy only keys that it reads', async () => {
    const { user } = open()
    await ready()
    const choose = async (name: string) => {
      await user.click(screen.getByRole('combobox', { name: 'Strategy' }))
      await user.click(await screen.findByRole('option', { name }))
    }
    const checked = async (strategy: object) => {
      await waitFor(() => {
        expect(checks.at(-1)?.source).toEqual({ case: 'document', value: { ...CONFIG, strategy } })
      })
    }
    await user.type(screen.getByRole('textbox', { name: 'n' }), '7')
    await choose('EmaCross')
    await checked({ name: 'EmaCross' })
    await user.type(screen.getByRole('textbox', { name: 'size' }), '1')
    await checked({ name: 'EmaCross', parameters: { size: '1' } })
    await choose('EveryNth')
    await waitFor(() => {
      expect(screen.queryByText(/^Edited/)).toBeNull()
    })
  })

  it('creates one run on a double click', async () => {
    const { user } = open()
    await ready()
    await user.dblClick(runButton())
    await waitFor(() => {
      expect(created.length).toBeGreaterThan(0)
    })
    expect(new Set(created.map(({ requestId }) => requestId)).size).toBe(1)
    expect(created[0]?.requestId).not.toBe('')
  })

  it('visibly enables the export in a full run', async () => {
    const { user } = open()
    await ready()
    const exporting = screen.getByRole('switch', { name: /^Export ticks/ })
    expect(exporting).not.toBeChecked()
    await user.click(screen.getByRole('radio', { name: 'Full' }))
    expect(exporting).toBeChecked()
    expect(exporting).toHaveAttribute('aria-disabled', 'true')
    expect(command('tickreel')).toContain('--full true')
    expect(command('tickreel')).not.toContain('--export_ticks')
  })

  it('accepts a window to the nanosecond, and rejects an invalid time', async () => {
    const { user } = open()
    await ready()
    const start = screen.getByRole('textbox', { name: 'Start' })
    await user.clear(start)
    await user.click(start)
    await user.paste('2024-05-17 22:10:00.000000001')
    await ready()
    await waitFor(() => {
      expect(checks.at(-1)?.start).toMatchObject(at('2024-05-17T22:10:00.000000001Z'))
    })
    expect(checks.at(-1)?.end).toBeUndefined()
    await user.type(start, 'x')
    expect(start).toHaveAccessibleDescription(/^is not a UTC time/)
    expect(runButton()).toHaveAttribute('aria-disabled', 'true')
    await user.click(screen.getByRole('button', { name: 'From config' }))
    expect(start).toHaveValue('2024-05-17T22:00:00Z')
  })

  it('moves the ends of the window by the keyboard', async () => {
    const { user } = open()
    const end = await screen.findByRole('slider', { name: 'End of the window' })
    end.focus()
    await user.keyboard('{ArrowLeft}{Shift>}{ArrowLeft}{/Shift}')
    expect(screen.getByRole('textbox', { name: 'End' })).toHaveValue('2024-05-17T22:58:59Z')
    await user.keyboard('{End}{ArrowRight}')
    expect(screen.getByRole('textbox', { name: 'End' })).toHaveValue('2024-05-17T23:00:00Z')
  })

  it('starts with the stored config and options of a run', async () => {
    open({ from: 'BTC_1' })
    await ready()
    expect(screen.getByRole('radio', { name: 'Both' })).toBeChecked()
    expect(screen.getByRole('radio', { name: 'Full' })).toBeChecked()
    expect(checks.at(-1)?.source.case).toBe('document')
    expect(checks.at(-1)?.options).toMatchObject({ mode: RunMode.FULL, dataset: 'day-2024-05-17' })
  })

  it('selects a config for newly made sample data, ready to run', async () => {
    datasets = false
    const { user, onLaunched } = open({})
    await user.click(await screen.findByRole('button', { name: 'Make some' }))
    await ready()
    expect(screen.getByRole('combobox', { name: 'Config' })).toHaveValue('sample')
    expect(screen.getByRole('radio', { name: 'Both' })).toBeChecked()
    await user.click(runButton())
    await waitFor(() => {
      expect(onLaunched).toHaveBeenCalled()
    })
  })

  it('keeps the chosen config when sample data is made', async () => {
    datasets = false
    const { user } = open({ config: 'other', snapshot_mode: 'book' })
    await user.click(await screen.findByRole('button', { name: 'Make some' }))
    await ready()
    expect(screen.getByRole('combobox', { name: 'Config' })).toHaveValue('other')
    expect(screen.getByRole('radio', { name: 'Book' })).toBeChecked()
  })

  it('reports unreachable services, and retries on request', async () => {
    reachable = false
    const { user } = open()
    expect(await screen.findByText('no healthy upstream')).toBeVisible()
    reachable = true
    await user.click(screen.getByRole('button', { name: 'Try again' }))
    await ready()
  })
})
