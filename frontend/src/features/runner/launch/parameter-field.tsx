import type { JsonObject, JsonValue } from '@bufbuild/protobuf'

import type { Violation } from '@/rpc/rpc-error'
import { Select } from '@/ui/select'
import { TextInput } from '@/ui/text-input'

import { ConfigField } from './config-field'
import { NumberInput } from './number-input'

interface ParameterFieldProps {
  name: string
  /** JSON Schema of the parameter, with the keywords listed in docs/REFERENCE.md. */
  schema: JsonObject
  value: JsonValue | undefined
  /** Undefined restores the default. */
  onChange: (value: JsonValue | undefined) => void
  violations: readonly Violation[]
}

/** Control for a strategy parameter, by its schema. Lists and objects are edited in the JSON. */
export function ParameterField({ name, schema, value, onChange, violations }: ParameterFieldProps) {
  return (
    <ConfigField
      label={name}
      path={`strategy.parameters.${name}`}
      violations={violations}
      hint={typeof schema.description === 'string' ? schema.description : undefined}
    >
      <Control schema={schema} value={value} onChange={onChange} />
    </ConfigField>
  )
}

function Control({ schema, value, onChange }: Pick<ParameterFieldProps, 'schema' | 'value' | 'onChange'>) {
  const fallback = schema.default === undefined ? '' : `default: ${JSON.stringify(schema.default)}`
  const choices = Array.isArray(schema.enum) ? schema.enum : schema.type === 'boolean' ? [true, false] : undefined
  if (choices !== undefined) {
    return (
      <Select
        options={choices.map((choice) => ({
          value: JSON.stringify(choice),
          label: typeof choice === 'string' ? choice : JSON.stringify(choice),
          ...(choice === schema.default && { note: 'default' }),
        }))}
        value={value === undefined ? null : JSON.stringify(value)}
        placeholder={fallback}
        onChange={(chosen) => {
          onChange(JSON.parse(chosen) as JsonValue)
        }}
      />
    )
  }
  if (schema.type === 'integer' || schema.type === 'number') {
    return <NumberInput value={value} onChange={onChange} placeholder={fallback} />
  }
  if (schema.type === 'string') {
    return (
      <TextInput
        value={typeof value === 'string' ? value : ''}
        placeholder={fallback}
        onChange={(text) => {
          onChange(text === '' ? undefined : text)
        }}
      />
    )
  }
  return <p className="figures text-xs text-muted">{value === undefined ? fallback : JSON.stringify(value)}</p>
}
