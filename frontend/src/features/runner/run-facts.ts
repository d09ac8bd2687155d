import { RunMode, SnapshotMode } from '@/gen/tickreel/v1/result_pb'
import type { Run, RunEntry } from '@/gen/tickreel/v1/run_pb'
import { formatWindow, instantOf, type Nanoseconds } from '@/ui/format/instant'

/** Parts of an instrument id: BINANCE-FUTURES:PERPETUAL:BTC-USDT@LIN. */
export interface InstrumentName {
  venue: string
  kind: string
  symbol: string
}

export function instrumentName(id: string): InstrumentName {
  const [venue = '', kind = '', symbol = id] = id.replace(/@.*$/, '').split(':')
  return { venue, kind, symbol }
}

/** Short symbol of the instrument of a run: BTC-USDT. */
export function symbolOf(run: Run | RunEntry): string {
  return instrumentName(isEntry(run) ? run.instrument : (run.config?.instrument?.id ?? '')).symbol
}

/** Window of a run. */
export function windowOf(run: Run | RunEntry): { start: Nanoseconds; end: Nanoseconds } | undefined {
  const { start, end } = (isEntry(run) ? run.timeWindow : run.config?.timeWindow) ?? {}
  return start && end && { start: instantOf(start), end: instantOf(end) }
}

function isEntry(run: Run | RunEntry): run is RunEntry {
  return run.$typeName === 'tickreel.v1.RunEntry'
}

export function windowText(run: Run | RunEntry): string {
  const window = windowOf(run)
  return window === undefined ? '' : formatWindow(window.start, window.end, isWhole(window) ? 'min' : 's')
}

/** Whether both ends are whole minutes. */
function isWhole({ start, end }: { start: Nanoseconds; end: Nanoseconds }): boolean {
  return start % 60_000_000_000n === 0n && end % 60_000_000_000n === 0n
}

const SNAPSHOT_MODES: Record<SnapshotMode, string> = {
  [SnapshotMode.UNSPECIFIED]: '',
  [SnapshotMode.TRADES]: 'trades',
  [SnapshotMode.BOOK]: 'book',
  [SnapshotMode.BOTH]: 'both',
}

/** Snapshot mode and mode of a run: both · full. */
export function modeText({ options, verifiedRunId }: Run | RunEntry): string {
  if (verifiedRunId !== '') return 'verification'
  const kept = options?.mode === RunMode.FULL ? 'full' : 'fast'
  return `${SNAPSHOT_MODES[options?.snapshotMode ?? SnapshotMode.UNSPECIFIED]} · ${kept}`
}
