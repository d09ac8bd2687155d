import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'

import { createClient } from '@connectrpc/connect'
import { createGrpcWebTransport } from '@connectrpc/connect-web'

import { ConverterService } from '../src/gen/tickreel/v1/converter_service_pb'
import { RunMode, SnapshotMode } from '../src/gen/tickreel/v1/result_pb'
import { RunnerService } from '../src/gen/tickreel/v1/runner_service_pb'

const ROOT = resolve(import.meta.dirname, '../..')
const BIN = join(ROOT, '.venv/bin')
const TICKREEL = join(BIN, 'tickreel')
const SERVICES = ['catalog', 'converter', 'runner', 'results', 'gateway'] as const

type Service = (typeof SERVICES)[number]

/** What `tickreel up --output json` prints. */
interface Started {
  url: string
  services: Record<Service, { address: string; pid: number }>
}

/** The first minute of the sample data: a run of it takes a second. */
const MINUTE = { start: { seconds: 1715983200n }, end: { seconds: 1715983260n } }

/** What a run replays: a config under configs/, all of it or its first minute, trades against its books or trades alone. */
interface RunChoice {
  configId?: string
  mode?: RunMode
  snapshotMode?: SnapshotMode
  minute?: boolean
}

/** `tickreel up` in a folder of its own: the real services, the real Envoy, the built UI; no data to begin with. */
export class Stack {
  readonly runner
  private readonly converter

  private constructor(
    readonly url: string,
    readonly services: Started['services'],
    private readonly folder: string,
    private readonly process: ChildProcess,
  ) {
    const transport = createGrpcWebTransport({ baseUrl: url })
    this.runner = createClient(RunnerService, transport)
    this.converter = createClient(ConverterService, transport)
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
    mkdirSync(join(folder, 'data_downloads'))
    const up = spawn(TICKREEL, ['up', '--output', 'json'], { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] })
    const { url, services } = await firstJson(up)
    return new Stack(url, services, folder, up)
  }

  /** Kills a service or the gateway, which can be done once: `tickreel up` starts it again. */
  kill(service: Service): void {
    process.kill(this.services[service].pid, 'SIGKILL')
  }

  /** Makes the sample data, where it is not there. */
  async makeSampleData(): Promise<void> {
    await this.converter.makeSampleData({})
  }

  /** Gives ETH-USDT eight times the trades: a run of it is longer than a test, on whatever machine. */
  makeEthBusy(): void {
    this.python(`
from pathlib import Path
from tickreel.stores import sample_data
sample_data.MARKETS = [market for market in sample_data.MARKETS if "ETH" in market.name]
sample_data.write_sample_data(Path("data_downloads"), rows=1_000_000)`)
  }

  /** Runs Python in the folder, with what the services have. */
  python(code: string): void {
    execFileSync(join(BIN, 'python'), ['-c', code], { cwd: this.folder })
  }

  /** What a command prints that talks to these services. */
  tickreel(...command: string[]): string {
    const env = { ...process.env, TICKREEL_GATEWAY_ADDRESS: new URL(this.url).host }
    return execFileSync(TICKREEL, command, { cwd: this.folder, env, encoding: 'utf8', stdio: 'pipe' })
  }

  /**
   * Waits until a run has more than so many orders, and stops the processes of all runs there.
   *
   * A live run stays live for as long as a browser takes to show it, on whatever machine.
   *
   * @param runId - The newest that replays if not given.
   */
  async hold(runId?: string, orders = 0): Promise<void> {
    for await (const { run } of this.runner.watchRun({ runId: runId ?? (await this.newestRunning()) })) {
      if (run?.live?.accountTs === undefined || Number(run.live.orders) <= orders) continue
      this.signalWorkers('SIGSTOP')
      return
    }
    throw new Error('the run ended before it could be held')
  }

  /** Lets the processes that were held go on. */
  resume(): void {
    this.signalWorkers('SIGCONT')
  }

  /** Ends the processes of all runs, as the engine does where it gives up. */
  crashWorkers(): void {
    this.signalWorkers('SIGABRT')
    // A process that is held does not die of it.
    this.resume()
  }

  private async newestRunning(): Promise<string> {
    for (;;) {
      const { runs } = await this.runner.listRuns({ filter: 'state = RUNNING', pageSize: 1 })
      if (runs[0] !== undefined) return runs[0].runId
    }
  }

  private signalWorkers(signal: NodeJS.Signals): void {
    const workers = readdirSync('/proc').filter((pid) => this.isWorker(pid))
    if (workers.length === 0 && signal !== 'SIGCONT') throw new Error('there is no worker')
    for (const pid of workers) process.kill(Number(pid), signal)
  }

  private isWorker(pid: string): boolean {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      return command.includes('tickreel.runner.run_process') && readlinkSync(`/proc/${pid}/cwd`) === this.folder
    } catch {
      return false
    }
  }

  /** Creates a run: in full, of the whole of sample_btc_usdt, if nothing else is said. */
  async createRun(choice: RunChoice = {}): Promise<string> {
    const {
      configId = 'sample_btc_usdt',
      mode = RunMode.FULL,
      snapshotMode = SnapshotMode.BOTH,
      minute = false,
    } = choice
    const { run } = await this.runner.createRun({
      requestId: crypto.randomUUID(),
      source: { case: 'configId', value: configId },
      options: { mode, snapshotMode },
      ...(minute && MINUTE),
    })
    if (run === undefined) throw new Error('the runner answered without a run')
    return run.runId
  }

  /** A run in full of the whole of sample_btc_usdt that has ended well: one that there is, else a new one. */
  async wholeRun(): Promise<string> {
    const { runs } = await this.runner.listRuns({ pageSize: 500 })
    const found = runs.find(({ options, figures }) => options?.mode === RunMode.FULL && figures?.orders === 120_000n)
    if (found !== undefined) return found.runId
    const runId = await this.createRun()
    await this.finish(runId)
    return runId
  }

  /** Waits until a run has ended. */
  async finish(runId: string): Promise<void> {
    let ended = false
    for await (const { run } of this.runner.watchRun({ runId })) ended = run?.endedAt !== undefined
    if (!ended) throw new Error(`${runId} was watched, but not to its end`)
  }

  /** Cancels what still goes on, so that it does not slow what comes next. */
  async cancelRuns(): Promise<void> {
    this.resume()
    const { runs } = await this.runner.listRuns({ filter: 'state = QUEUED OR state = RUNNING' })
    // One may have ended meanwhile.
    await Promise.allSettled(runs.map(({ runId }) => this.runner.cancelRun({ runId })))
  }

  async stop(): Promise<void> {
    this.process.kill('SIGINT')
    await once(this.process, 'exit')
    rmSync(this.folder, { recursive: true })
  }
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
