import { useQuery } from '@connectrpc/connect-query'
import { Braces, Download, Undo2 } from 'lucide-react'
import { lazy, Suspense, useMemo } from 'react'

import { RunnerService, type Strategy } from '@/gen/tickreel/v1/runner_service_pb'
import { problemCount } from '@/rpc/problem-count'
import type { Violation } from '@/rpc/rpc-error'
import { Badge } from '@/ui/badge'
import { Button } from '@/ui/button'
import { Combobox } from '@/ui/combobox'
import { countOf } from '@/ui/format/count'
import { Skeleton } from '@/ui/skeleton'

import { ConfigField } from './config-field'
import { configSchema } from './config-schema'
import { ConfigList } from './config-list'
import { ConfigSummary } from './config-summary'
import { type Range, rangeOf, valueAt } from './config-text'
import { FormSection } from './form-section'
import type { EditedConfig } from './use-config-text'
import type { Origin } from './use-origin'

const JsonEditor = lazy(() => import('./json-editor'))

interface ConfigSectionProps {
  origin: Origin | undefined
  config: EditedConfig
  strategies: readonly Strategy[]
  violations: readonly Violation[]
  /** Whether the window of the form overrides the one of the config. */
  overridesWindow: boolean
  isOpen: boolean
  onOpen: (open: boolean) => void
  /** Position in the JSON to jump to. */
  place: Range | undefined
  onChoose: (configId: string) => void
}

/** Choice of the config, its summary, and its JSON editor. */
export function ConfigSection(props: ConfigSectionProps) {
  const { origin, config, strategies, violations, overridesWindow, isOpen, onOpen, place, onChoose } = props
  const list = useQuery(RunnerService.method.listConfigs, { pageSize: 500 })
  const configs = list.data?.configs ?? []
  const options = configs.map(({ configId, violations }) => ({
    value: configId,
    label: configId,
    ...(violations.length > 0 && { note: countOf(problemCount(violations), 'problem') }),
  }))
  const strategyName = valueAt(config.readable, ['strategy', 'name'])
  const schema = useMemo(
    () => configSchema(strategies, typeof strategyName === 'string' ? strategyName : ''),
    [strategies, strategyName],
  )
  const { text, fault } = config
  const problems = useMemo(
    () =>
      fault === undefined
        ? violations
            .filter(({ field }) => isOfConfig(field) && !(overridesWindow && field.startsWith('time_window')))
            .map(({ field, description }) => ({ ...rangeOf(text, field), message: `${field} ${description}` }))
        : [fault],
    [text, fault, violations, overridesWindow],
  )
  return (
    <FormSection title="What to run">
      <div className="flex flex-wrap items-start gap-2">
        <div className="min-w-60 flex-1">
          <ConfigField
            label="Config"
            path="config_id"
            violations={violations}
            hint={hintOf(origin, list.isSuccess, configs.length)}
          >
            <Combobox
              options={options}
              value={origin?.configId ?? null}
              onChange={onChoose}
              placeholder={origin?.runId === undefined ? 'Choose a config' : `Config of ${origin.runId}`}
              empty="No matches"
            />
          </ConfigField>
        </div>
        {origin !== undefined && (
          <div className="flex gap-2 sm:pt-5">
            <Button
              Icon={Braces}
              aria-expanded={isOpen}
              onClick={() => {
                onOpen(!isOpen)
              }}
            >
              {isOpen ? 'Close JSON' : 'Edit JSON'}
            </Button>
            <Button
              Icon={Download}
              onClick={() => {
                download(config.text, `${(origin.configId ?? origin.runId ?? 'config').replaceAll('/', '-')}.json`)
              }}
            >
              Download
            </Button>
          </div>
        )}
      </div>
      {origin === undefined && configs.length > 0 && <ConfigList configs={configs} onChoose={onChoose} />}
      {config.edited && (
        <div className="flex flex-wrap items-center gap-2">
          <Badge tone="warning">Edited. The run uses this text; the file is unchanged.</Badge>
          <Button variant="quiet" Icon={Undo2} onClick={config.revert}>
            Revert
          </Button>
        </div>
      )}
      {config.readable !== undefined && origin !== undefined && <ConfigSummary document={config.readable} />}
      {origin !== undefined && isOpen && (
        <div className="h-96 resize-y overflow-hidden rounded border border-line-strong">
          <Suspense fallback={<EditorSkeleton />}>
            <JsonEditor
              label="JSON of the config"
              text={config.text}
              onChange={config.setText}
              schema={schema}
              problems={problems}
              place={place}
            />
          </Suspense>
        </div>
      )}
    </FormSection>
  )
}

function EditorSkeleton() {
  return (
    <div role="status" aria-label="Loading the editor" className="flex flex-col gap-2 p-3">
      {[40, 70, 55, 60, 35, 65].map((width) => (
        <Skeleton key={width} width={`${width}%`} />
      ))}
    </div>
  )
}

function hintOf(origin: Origin | undefined, isLoaded: boolean, count: number): string | undefined {
  if (origin?.runId !== undefined) return `Resolved config of ${origin.runId}. Choosing another config starts over.`
  return isLoaded && count === 0 ? 'No configs yet. Put a JSON file into the configs folder.' : undefined
}

/** Whether a violation concerns the config itself rather than the options of the run. */
export function isOfConfig(field: string): boolean {
  return !/^(options\.|instrument$|dataset$|source$|start$|end$)/.test(field)
}

function download(text: string, name: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  URL.revokeObjectURL(url)
}
