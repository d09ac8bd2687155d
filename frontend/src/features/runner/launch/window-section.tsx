import type { Violation } from '@/rpc/rpc-error'
import { isoInstant, type Nanoseconds } from '@/ui/format/instant'
import { Button } from '@/ui/button'
import { Skeleton } from '@/ui/skeleton'
import { TextInput } from '@/ui/text-input'

import { ConfigField, errorOf } from './config-field'
import { type Day, MINUTE, type Span } from './coverage'
import { CoverageBar } from './coverage-bar'
import { FormSection } from './form-section'
import type { End, ShownTime } from './launch-choice'
import type { Datasets } from './use-datasets'

interface WindowSectionProps {
  datasets: Datasets
  window: Record<End, ShownTime>
  /** Sets both ends as typed; undefined takes that of the config. */
  onWindow: (start: string | undefined, end: string | undefined) => void
  violations: readonly Violation[]
}

/** Choice of the window: as text to the nanosecond, by presets, or by dragging over the coverage. */
export function WindowSection({ datasets, window, onWindow, violations }: WindowSectionProps) {
  const { days, isPending } = datasets
  const { start, end } = window
  const asText = (time: ShownTime, text: string) =>
    time.ofConfig !== undefined && text === isoInstant(time.ofConfig) ? undefined : text
  const choose = (span: Span) => {
    onWindow(asText(start, isoInstant(span.start)), asText(end, isoInstant(span.end)))
  }
  const whole = errorOf('time_window', violations)
  return (
    <FormSection title="Window">
      <div className="grid gap-3 sm:grid-cols-2">
        <ConfigField label="Start" path="time_window.start" violations={violations}>
          <TextInput
            figures
            value={start.text}
            onChange={(text) => {
              onWindow(asText(start, text), asText(end, end.text))
            }}
            placeholder="2024-07-18T23:57:00Z"
          />
        </ConfigField>
        <ConfigField label="End" path="time_window.end" violations={violations}>
          <TextInput
            figures
            value={end.text}
            onChange={(text) => {
              onWindow(asText(start, start.text), asText(end, text))
            }}
            placeholder="2024-07-19T00:05:00Z"
          />
        </ConfigField>
      </div>
      {whole !== undefined && (
        <p data-path="time_window" className="text-xs text-danger">
          {whole}
        </p>
      )}
      <div role="group" aria-label="Window presets" className="flex flex-wrap gap-2">
        <Button
          pressed={start.text === textOf(start) && end.text === textOf(end)}
          disabledBecause={start.ofConfig === undefined ? 'The config has no window' : undefined}
          onClick={() => {
            onWindow(undefined, undefined)
          }}
        >
          From config
        </Button>
        {presets(days, start.instant).map(({ label, span }) => (
          <Button
            key={label}
            pressed={start.instant === span.start && end.instant === span.end}
            onClick={() => {
              choose(span)
            }}
          >
            {label}
          </Button>
        ))}
      </div>
      {days.length > 0 ? (
        <CoverageBar days={days} start={start.instant} end={end.instant} onChange={choose} />
      ) : isPending ? (
        <Skeleton width="100%" height={64} />
      ) : null}
    </FormSection>
  )
}

/** One end of the config's window as text; undefined if it has none. */
function textOf({ ofConfig }: ShownTime): string | undefined {
  return ofConfig === undefined ? undefined : isoInstant(ofConfig)
}

interface Preset {
  label: string
  span: Span
}

/** Frequently used windows: all data, and the day and first minute at the current start. */
function presets(days: readonly Day[], start: Nanoseconds | undefined): Preset[] {
  const [first] = days
  const last = days.at(-1)
  if (first === undefined || last === undefined) return []
  const here = days.find((day) => start !== undefined && start <= day.end) ?? first
  const minute = { start: here.start, end: here.start + MINUTE < here.end ? here.start + MINUTE : here.end }
  return [
    { label: 'All data', span: { start: first.start, end: last.end } },
    { label: `Day ${here.date}`, span: { start: here.start, end: here.end } },
    { label: 'First minute', span: minute },
  ]
}
