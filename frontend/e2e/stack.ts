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

/** Number of runs at a time; few, so that a queued run takes few others. */
export const RUNNER_SLOTS = 2

/** Output of `tickreel up --output json`. */
interface Started {
  url: string
  services: Record<Service, { address: string; pid: number }>
}

/** First minute of the sample data: a run of it takes a second. */
const MINUTE = { start: { seconds: 1715983200n }, end: { seconds: 1715983260n } }

/** Options of a run: a config under configs/, the whole window or its first minute, and what to replay. */
interface RunChoice {
  configId?: string
  mode?: RunMode
  snapshotMode?: SnapshotMode
  minute?: boolean
}

/** `tickreel up` in a separate folder: real services, real Envoy and the built UI, initially without data. */
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
      // Short slices, so that the account is updated often.
      TICKREEL_SEGMENT_ROWS: '5000',
      TICKREEL_RUNNER_SLOTS: String(RUNNER_SLOTS),
      TICKREEL_CONFIGS_PATH: join(ROOT, 'configs'),
      TICKREEL_UI_PATH: join(ROOT, 'frontend/dist'),
    }
    mkdirSync(join(folder, 'data_downloads'))
    const up = spawn(TICKREEL, ['up', '--output', 'json'], { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] })
    const { url, services } = await firstJson(up)
    return new Stack(url, services, folder, up)
  }

  /** Kill a service or the gateway; `tickreel up` restarts it under another pid, so this works only once. */
  kill(service: Service): void {
    process.kill(this.services[service].pid, 'SIGKILL')
  }

  /** Make the sample data unless it exists. */
  async makeSampleData(): Promise<void> {
    await this.converter.makeSampleData({})
  }

  /** Give ETH-USDT eight times as many trades, so that a run of it outlasts a test on any machine. */
  makeEthBusy(): void {
    this.python(`
from pathlib import Path
from tickreel.stores import sample_data
sample_data.MARKETS = [market for market in sample_data.MARKETS if "ETH" in market.name]
sample_data.write_sample_data(Path("data_downloads"), rows=1_000_000)`)
  }

  /** Run Python code in the folder of the stack, in the environment of the services. */
  python(code: string): void {
    execFileSync(join(BIN, 'python'), ['-c', code], { cwd: this.folder })
  }

  /** Run a `tickreel` command against these services and return its output. */
  tickreel(...command: string[]): string {
    const env = { ...process.env, TICKREEL_GATEWAY_ADDRESS: new URL(this.url).host }
    return execFileSync(TICKREEL, command, { cwd: this.folder, env, encoding: 'utf8', stdio: 'pipe' })
  }

  /**
   * Wait until a run has more than `orders` orders, then suspend the processes of all runs.
   *
   * The run stays live for as long as the browser needs to show it, on any machine.
   *
   * @param runId - Default: the newest running one.
   */
  async hold(runId?: string, orders = 0): Promise<void> {
    for await (const { run } of this.runner.watchRun({ runId: runId ?? (await this.newestRunning()) })) {
      if (run?.live?.accountTs === undefined || Number(run.live.orders) <= orders) continue
      this.signalWorkers('SIGSTOP')
      return
    }
    throw new Error('the run ended before it could be held')
  }

  /** Resume the suspended processes. */
  resume(): void {
    this.signalWorkers('SIGCONT')
  }

  /** Abort the processes of all runs, as the engine does on a panic. */
  crashWorkers(): void {
    this.signalWorkers('SIGABRT')
    // A suspended process does not handle the signal.
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
    if (workers.length === 0 && signal !== 'SIGCONT') throw new Error('no run process found')
    for (const pid of workers) process.kill(Number(pid), signal)
  }

  private isWorker(pid: string): boolean {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      const isRun =
        command.includes('tickreel.runner.run_process') &&
        // The process that forks the others.
        readFileSync(`/proc/${pid}/comm`, 'utf8') !== 'template\n'
      return isRun && readlinkSync(`/proc/${pid}/cwd`) === this.folder
    } catch {
      return false
    }
  }

  /** Create a run; by default a full run of the whole sample_btc_usdt. */
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

  /** A finished full run of the whole sample_btc_usdt: an existing one, else a new one. */
  async wholeRun(): Promise<string> {
    const { runs } = await this.runner.listRuns({ pageSize: 500 })
    const found = runs.find(({ options, figures }) => options?.mode === RunMode.FULL && figures?.orders === 120_000n)
    if (found !== undefined) return found.runId
    const runId = await this.createRun()
    await this.finish(runId)
    return runId
  }

  /** Wait for the end of a run. */
  async finish(runId: string): Promise<void> {
    let ended = false
    for await (const { run } of this.runner.watchRun({ runId })) ended = run?.endedAt !== undefined
    if (!ended) throw new Error(`the stream of ${runId} ended before the run`)
  }

  /** Cancel queued and running runs, so that they do not slow down the next test. */
  async cancelRuns(): Promise<void> {
    const { runs } = await this.runner.listRuns({ filter: 'state = QUEUED OR state = RUNNING' })
    // Held runs are resumed after the requests, so that they do not go on meanwhile. A run may have ended already.
    const cancelled = Promise.allSettled(runs.map(({ runId }) => this.runner.cancelRun({ runId })))
    this.resume()
    await cancelled
  }

  async stop(): Promise<void> {
    this.process.kill('SIGINT')
    await once(this.process, 'exit')
    rmSync(this.folder, { recursive: true })
  }
}

/** Read the JSON object that a process prints while it keeps running. */
async function firstJson(process: ChildProcess): Promise<Started> {
  if (process.stdout === null) throw new Error('the output of the process is not piped')
  const text: string[] = []
  for await (const line of createInterface(process.stdout)) {
    text.push(line)
    if (line === '}') return JSON.parse(text.join('\n')) as Started
  }
  throw new Error(`tickreel up ended before it was ready: ${text.join('\n')}`)
}
