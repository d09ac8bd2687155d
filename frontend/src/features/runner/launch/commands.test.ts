import { expect, it } from 'vitest'

import { grpcurlCommand, tickreelCommand } from './commands'
import { readTyped } from './typed-instant'
import type { Choice } from './run-request'

const GATEWAY = new URL('http://127.0.0.1:8000/')
const CHOICE: Choice = {
  source: { configId: 'sample' },
  snapshotMode: 'both',
  full: false,
  exportTicks: false,
  dataset: '',
  instrument: '',
  start: undefined,
  end: undefined,
}

it('contains only what was chosen', () => {
  expect(tickreelCommand(CHOICE, "my configs/it's.json", GATEWAY)).toBe(
    String.raw`tickreel run --config 'my configs/it'\''s.json' \
  --snapshot_mode both \
  --address 127.0.0.1:8000`,
  )
  expect(grpcurlCommand(CHOICE, new URL('https://example.org'))).toBe(
    `grpcurl -d @ example.org:443 tickreel.v1.RunnerService/CreateRun << 'REQUEST'
{
  "config_id": "sample",
  "options": {
    "mode": "RUN_MODE_FAST",
    "snapshot_mode": "SNAPSHOT_MODE_BOTH"
  }
}
REQUEST`,
  )
})

it('contains everything that was chosen', () => {
  const chosen: Choice = {
    source: { document: { risk: { throttling_per_sec: 5 } } },
    snapshotMode: 'trades',
    full: true,
    exportTicks: true,
    dataset: 'day-2024-05-17',
    instrument: 'X:PERPETUAL:BTC-USDT@LIN',
    start: readTyped('2024-05-17T22:00:00.000000001Z'),
    end: readTyped('2024-05-17T23:00:00Z'),
  }
  expect(tickreelCommand(chosen, '', GATEWAY)).toBe(
    `tickreel run --config - \\
  --snapshot_mode trades \\
  --instrument X:PERPETUAL:BTC-USDT@LIN \\
  --dataset day-2024-05-17 \\
  --start 2024-05-17T22:00:00.000000001Z \\
  --end 2024-05-17T23:00:00Z \\
  --full true \\
  --address 127.0.0.1:8000 << 'CONFIG'
{
  "risk": {
    "throttling_per_sec": 5
  }
}
CONFIG`,
  )
  const body = grpcurlCommand(chosen, GATEWAY).split('\n').slice(1, -1).join('\n')
  expect(JSON.parse(body)).toEqual({
    document: { risk: { throttling_per_sec: 5 } },
    options: {
      mode: 'RUN_MODE_FULL',
      snapshot_mode: 'SNAPSHOT_MODE_TRADES',
      export_ticks: true,
      dataset: 'day-2024-05-17',
    },
    instrument: 'X:PERPETUAL:BTC-USDT@LIN',
    start: '2024-05-17T22:00:00.000000001Z',
    end: '2024-05-17T23:00:00Z',
  })
})
