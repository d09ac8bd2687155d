import type { JsonObject } from '@bufbuild/protobuf'

import type { Violation } from '@/rpc/rpc-error'
import { Button } from '@/ui/button'

import { errorOf } from './config-field'
import { valueAt } from './config-text'
import { FormSection } from './form-section'

interface EnvironmentFactsProps {
  /** Environment of the services; undefined until it is known. */
  environment: Readonly<Record<string, string>> | undefined
  document: JsonObject | undefined
  violations: readonly Violation[]
  /** Removes the environment block from the config. */
  onLeave: () => void
}

const VARIABLES = [
  'UNIFIED_CLOUD_SERVICES_USE_PARQUET',
  'UNIFIED_CLOUD_SERVICES_USE_DIRECT_GCS',
  'UNIFIED_CLOUD_LOCAL_PATH',
  'DATA_CATALOG_PATH',
] as const

type Variable = (typeof VARIABLES)[number]

/** Environment of the run: that of the services, which a config can require but not change. */
export function EnvironmentFacts({ environment, document, violations, onLeave }: EnvironmentFactsProps) {
  const valueOf = (variable: Variable) => {
    const named = valueAt(document, ['environment', variable])
    return (
      environment?.[variable] ??
      (named === undefined ? undefined : typeof named === 'string' ? named : JSON.stringify(named))
    )
  }
  const errors = VARIABLES.flatMap((variable) => errorOf(`environment.${variable}`, violations) ?? [])
  return (
    <FormSection title="Environment">
      <dl className="flex flex-wrap gap-1.5">
        {VARIABLES.map((variable) => {
          const [name, value] = inWords(variable, valueOf(variable))
          const error = errorOf(`environment.${variable}`, violations)
          return (
            <div
              key={variable}
              title={variable}
              className={`flex min-w-0 items-baseline gap-1.5 rounded border px-2 py-0.5 text-xs ${error === undefined ? 'border-line-strong' : 'border-danger'}`}
            >
              <dt className="text-faint">{name}</dt>
              <dd className="figures min-w-0 break-all text-muted">{value}</dd>
            </div>
          )
        })}
      </dl>
      {errors.length > 0 && (
        <div className="flex flex-col items-start gap-1">
          {errors.map((error) => (
            <p key={error} className="text-xs text-danger">
              {error}
            </p>
          ))}
          <Button onClick={onLeave}>Remove from config</Button>
        </div>
      )}
    </FormSection>
  )
}

function inWords(variable: Variable, value: string | undefined): [string, string] {
  switch (variable) {
    case 'UNIFIED_CLOUD_SERVICES_USE_PARQUET':
      return ['Raw files', value === undefined ? '–' : value === 'true' ? 'Parquet' : 'CSV']
    case 'UNIFIED_CLOUD_SERVICES_USE_DIRECT_GCS':
      return ['Read from', value === undefined ? '–' : value === 'true' ? 'GCS directly' : 'mount']
    case 'UNIFIED_CLOUD_LOCAL_PATH':
      return ['Data root', value ?? '–']
    case 'DATA_CATALOG_PATH':
      return ['Catalog', value ?? '–']
  }
}
