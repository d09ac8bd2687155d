import { RunMode } from '@/gen/tickreel/v1/result_pb'
import type { Violation } from '@/rpc/rpc-error'
import type { Nanoseconds } from '@/ui/format/instant'

import { valueAt } from './config-text'
import type { LaunchSearch } from './launch-search'
import { type Choice, snapshotModeName } from './run-request'
import { readTyped } from './typed-instant'
import type { EditedConfig } from './use-config-text'
import type { Origin } from './use-origin'

/** Displayed state of the form: the choices, or their defaults. */
export interface Shown extends Omit<Choice, 'source' | 'start' | 'end'> {
  window: Record<End, ShownTime>
}

export type End = 'start' | 'end'

/** One end of the window. */
export interface ShownTime {
  text: string
  /** Undefined if the text is not a valid time. */
  instant: Nanoseconds | undefined
  /** The same end in the config. */
  ofConfig: Nanoseconds | undefined
}

const NO_TIME = 'is not a UTC time; write it like 2024-07-18T23:57:00Z, with up to nine decimals of a second'

/** Combine the search parameters with the initial config and options to the displayed state. */
export function shown(search: LaunchSearch, origin: Origin | undefined, config: EditedConfig): Shown {
  const options = origin?.options
  const full = search.full ?? options?.mode === RunMode.FULL
  return {
    snapshotMode: search.snapshot_mode ?? (options && snapshotModeName(options.snapshotMode)),
    full,
    exportTicks: full || (search.export_ticks ?? options?.exportTicks ?? false),
    dataset: search.dataset ?? options?.dataset ?? '',
    instrument: search.instrument ?? '',
    window: { start: time('start', search, config), end: time('end', search, config) },
  }
}

/** The choice to run; undefined while the config is not a JSON object. Invalid times fall back to the config. */
export function choiceOf(form: Shown, origin: Origin | undefined, config: EditedConfig): Choice | undefined {
  if (origin === undefined || config.document === undefined) return undefined
  const { window, ...options } = form
  const { configId } = origin
  return {
    ...options,
    source: configId === undefined || config.edited ? { document: config.document } : { configId },
    start: override(window.start),
    end: override(window.end),
  }
}

/** Violations for invalid times. */
export function timeFaults({ window }: Shown): Violation[] {
  return (['start', 'end'] as const)
    .filter((end) => window[end].text !== '' && window[end].instant === undefined)
    .map((end) => ({ field: `time_window.${end}`, description: NO_TIME }))
}

function time(end: End, search: LaunchSearch, { readable }: EditedConfig): ShownTime {
  const written = valueAt(readable, ['time_window', end])
  const ofConfig = typeof written === 'string' ? written : ''
  const text = search[end] ?? ofConfig
  return { text, instant: readTyped(text), ofConfig: readTyped(ofConfig) }
}

function override({ instant, ofConfig }: ShownTime): Nanoseconds | undefined {
  return instant === ofConfig ? undefined : instant
}
