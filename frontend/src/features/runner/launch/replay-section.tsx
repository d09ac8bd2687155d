import { Radio } from '@base-ui/react/radio'
import { RadioGroup } from '@base-ui/react/radio-group'

import type { Violation } from '@/rpc/rpc-error'
import { SegmentedControl } from '@/ui/segmented-control'
import { Switch } from '@/ui/switch'

import { errorOf } from './config-field'
import { FormSection } from './form-section'
import { SNAPSHOT_MODES, type SnapshotModeName } from './launch-search'

const REPLAYS: Record<SnapshotModeName, { label: string; meaning: string }> = {
  trades: { label: 'Trades', meaning: 'Trades only. Each print is the best available price.' },
  book: { label: 'Book', meaning: 'Book snapshots only. Strategies that copy trades send no orders.' },
  both: { label: 'Both', meaning: 'Trades against the five levels of the latest book snapshot.' },
}

interface ReplaySectionProps {
  snapshotMode: SnapshotModeName | undefined
  onSnapshotMode: (mode: SnapshotModeName) => void
  full: boolean
  onFull: (full: boolean) => void
  exportTicks: boolean
  onExportTicks: (exportTicks: boolean) => void
  violations: readonly Violation[]
}

/** Choice of the replayed data and of how much of the run is kept. */
export function ReplaySection(props: ReplaySectionProps) {
  const { snapshotMode, onSnapshotMode, full, onFull, exportTicks, onExportTicks, violations } = props
  const error = snapshotMode === undefined ? undefined : errorOf('options.snapshot_mode', violations)
  return (
    <FormSection title="Replay">
      <div data-path="options.snapshot_mode">
        <RadioGroup<SnapshotModeName | null>
          aria-label="Snapshot mode"
          value={snapshotMode ?? null}
          onValueChange={(mode) => {
            if (mode !== null) onSnapshotMode(mode)
          }}
          className="grid gap-2 sm:grid-cols-3"
        >
          {SNAPSHOT_MODES.map((mode) => (
            <label
              key={mode}
              className="flex cursor-default gap-2 rounded border border-line-strong bg-raised px-2.5 py-1.5 hover:border-faint has-data-checked:border-accent has-data-checked:bg-accent-soft"
            >
              <Radio.Root
                value={mode}
                aria-label={REPLAYS[mode].label}
                className="mt-1 flex size-3 shrink-0 items-center justify-center rounded-full border border-faint data-checked:border-accent"
              >
                <Radio.Indicator className="size-1.5 rounded-full bg-accent" />
              </Radio.Root>
              <span className="min-w-0">
                <span className="block text-sm">{REPLAYS[mode].label}</span>
                <span className="block text-xs text-muted">{REPLAYS[mode].meaning}</span>
              </span>
            </label>
          ))}
        </RadioGroup>
        {error !== undefined && <p className="pt-1 text-xs text-danger">{error}</p>}
      </div>
      <div className="flex flex-wrap items-start gap-x-6 gap-y-2">
        <div className="flex items-center gap-3">
          <SegmentedControl
            label="Mode"
            options={[
              { value: 'fast', label: 'Fast' },
              { value: 'full', label: 'Full' },
            ]}
            value={full ? 'full' : 'fast'}
            onChange={(mode) => {
              onFull(mode === 'full')
            }}
          />
          <p className="text-xs text-muted">
            {full ? 'Keeps every order, fill, tick and the timeline.' : 'Keeps only the summary.'}
          </p>
        </div>
        <div className="pt-1">
          <Switch
            label="Export ticks"
            hint={full ? 'Always on in a full run' : 'Ticks of the window, as JSON'}
            checked={exportTicks}
            onChange={onExportTicks}
            disabled={full}
          />
        </div>
      </div>
    </FormSection>
  )
}
