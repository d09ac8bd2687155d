import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import type { JSONPath } from 'jsonc-parser'

import type { Strategy } from '@/gen/tickreel/v1/runner_service_pb'
import type { Violation } from '@/rpc/rpc-error'
import { Select } from '@/ui/select'

import { ConfigField } from './config-field'
import { ORDER_KEYS } from './config-schema'
import { valueAt } from './config-text'
import { FormSection } from './form-section'
import { NumberInput } from './number-input'
import { ParameterField } from './parameter-field'

interface StrategySectionProps {
  document: JsonObject | undefined
  onValue: (path: JSONPath, value: JsonValue | undefined) => void
  strategies: readonly Strategy[]
  violations: readonly Violation[]
}

/** Choice of the strategy, its parameters, and its order throttle. */
export function StrategySection({ document, onValue, strategies, violations }: StrategySectionProps) {
  const name = valueAt(document, ['strategy', 'name'])
  const strategy = strategies.find(({ strategyId }) => strategyId === name)
  const parameters = parametersOf(strategy)
  const unknown = typeof name === 'string' && strategy === undefined ? [{ value: name, label: name }] : []
  return (
    <FormSection title="Strategy and risk">
      <div className="grid gap-3 sm:grid-cols-2">
        <ConfigField label="Strategy" path="strategy.name" violations={violations} hint={strategy?.description}>
          <Select
            options={[...strategies.map(({ strategyId }) => ({ value: strategyId, label: strategyId })), ...unknown]}
            value={typeof name === 'string' ? name : null}
            onChange={(chosen) => {
              if (chosen !== name) onValue(['strategy'], blockOf(strategies, chosen, document?.strategy))
            }}
            placeholder="Choose a strategy"
          />
        </ConfigField>
        <ConfigField
          label="Risk throttle"
          path="risk.throttling_per_sec"
          violations={violations}
          hint="Orders per second of replay time; orders above it are denied"
        >
          <NumberInput
            value={valueAt(document, ['risk', 'throttling_per_sec'])}
            onChange={(value) => {
              onValue(['risk', 'throttling_per_sec'], value)
            }}
          />
        </ConfigField>
      </div>
      {parameters.length > 0 && (
        <div role="group" aria-label="Strategy parameters" className="grid gap-3 sm:grid-cols-2">
          {parameters.map(([key, schema]) => (
            <ParameterField
              key={key}
              name={key}
              schema={schema}
              value={valueAt(document, ['strategy', 'parameters', key])}
              onChange={(value) => {
                onValue(['strategy', 'parameters', key], value)
              }}
              violations={violations}
            />
          ))}
        </div>
      )}
    </FormSection>
  )
}

/** The strategy of a config for another choice, without the parameters and the keys that the chosen one cannot read. */
function blockOf(strategies: readonly Strategy[], chosen: string, before: JsonValue | undefined): JsonObject {
  const modes = strategies.find(({ strategyId }) => strategyId === chosen)?.submissionModes ?? []
  const mode = valueAt(before, ['submission_mode'])
  const dropped = ['name', 'parameters', 'submission_mode', ...(modes.length === 0 ? ORDER_KEYS : [])]
  const kept = Object.entries((before ?? {}) as JsonObject).filter(([key]) => !dropped.includes(key))
  const [first] = modes
  return {
    name: chosen,
    ...(first !== undefined && { submission_mode: modes.find((known) => known === mode) ?? first }),
    ...Object.fromEntries(kept),
  }
}

/** Parameters of a strategy, each with its schema. */
function parametersOf(strategy: Strategy | undefined): [string, JsonObject][] {
  const properties = valueAt(strategy?.parametersSchema, ['properties'])
  return typeof properties === 'object' && properties !== null
    ? (Object.entries(properties) as [string, JsonObject][])
    : []
}
