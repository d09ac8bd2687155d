import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'

import { createClient } from '@connectrpc/connect'
import { createGrpcWebTransport } from '@connectrpc/connect-web'

import { RunMode, SnapshotMode } from '../src/gen/tickreel/v1/result_pb'
import { RunnerService } from '../src/gen/tickreel/v1/runner_service_pb'

const ROOT = resolve(import.meta.dirname, '../..')
const TICKREEL = join(ROOT, '.venv/bin/tickreel')
const SERVICES = ['catalog', 'converter', 'runner', 'results', 'gateway'] as const

type Service = (typeof SERVICES)[number]

/** What `tickreel up --output json` prints. */
interface Started {
  url: string
  services: Record<Service, { address: string; pid: number }>
}

/** `tickreel up` in a folder of its own with sample data: the real services, the real Envoy, the built UI. */
export class Stack {
  readonly runner

  private constructor(
    readonly url: string,
    readonly services: Started['services'],
    private readonly folder: string,
    private readonly process: ChildProcess,
  ) {
    this.runner = createClient(RunnerService, createGrpcWebTransport({ baseUrl: url }))
  }

  static async start(): Promise<Stack> {
    const folder = mkdtempSync(join(tmpdir(), 'tickreel-e2e-'))
    const env = {
      ...process.env,
      ...Object.fromEntries(SERVICES.map((name) => [`TICKREEL_${name.toUpperCase()}_ADDRESS`, '127.0.0.1:0'])),
      UNIFIED_CLOUD_LOCAL_PATH: 'data_downloads',
      DATA_CATALOG_PATH: 'data/parquet',
      // Short slices, so that the account moves on often.
      TICKREEL_SEGMENT_ROWS: '5000',
      TICKREEL_CONFIGS_PATH: join(ROOT, 'configs'),
      TICKREEL_UI_PATH: join(ROOT, 'frontend/dist'),
    }
    execFileSync(TICKREEL, ['sample-data'], { cwd: folder, env })
    makeEthBusy(folder, env)
    const up = spawn(TICKREEL, ['up', '--output', 'json'], { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] })
    const { url, services } = await firstJson(up)
    return new Stack(url, services, folder, up)
  }

  /** Kills a service or the gateway, which can be done once: `tickreel up` starts it again. */
  kill(service: Service): void {
    process.kill(this.services[service].pid, 'SIGKILL')
  }

  /** Creates a run of a config under configs/, of all of its trades against its books; one of sample_eth_usdt takes long. */
  async createRun(configId = 'sample_btc_usdt', mode = RunMode.FULL): Promise<string> {
    const { run } = await this.runner.createRun({
      requestId: crypto.randomUUID(),
      source: { case: 'configId', value: configId },
      options: { mode, snapshotMode: SnapshotMode.BOTH },
    })
    if (run === undefined) throw new Error('the runner answered without a run')
    return run.runId
  }

  /** Waits until a run has ended. */
  async finish(runId: string): Promise<void> {
    let ended = false
    for await (const { run } of this.runner.watchRun({ runId })) ended = run?.endedAt !== undefined
    if (!ended) throw new Error(`${runId} was watched, but not to its end`)
  }

  async stop(): Promise<void> {
    this.process.kill('SIGINT')
    await once(this.process, 'exit')
    rmSync(this.folder, { recursive: true })
  }
}

/** Gives ETH-USDT eight times the trades: a run of it is longer than a test, on whatever machine. */
function makeEthBusy(folder: string, env: NodeJS.ProcessEnv): void {
  execFileSync(TICKREEL, ['sample-data', '--rows', '1000000', '--root', 'busy'], { cwd: folder, env })
  for (const day of ['day-2024-05-17', 'day-2024-05-18']) {
    for (const kind of ['trades', 'book_snapshot_5']) {
      const file = `raw_tick_data/by_date/${day}/data_type-${kind}/SAMPLE-FUTURES:PERPETUAL:ETH-USDT.parquet`
      renameSync(join(folder, 'busy', file), join(folder, 'data_downloads', file))
    }
  }
  rmSync(join(folder, 'busy'), { recursive: true })
}

/** Reads the object that a process prints, and leaves it running. */
async function firstJson(process: ChildProcess): Promise<Started> {
  if (process.stdout === null) throw new Error('its output is not piped')
  const text: string[] = []
  for await (const line of createInterface(process.stdout)) {
    text.push(line)
    if (line === '}') return JSON.parse(text.join('\n')) as Started
  }
  throw new Error(`tickreel up ended before it was up: ${text.join('\n')}`)
}
