import type { JSONSchema } from 'vscode-json-languageservice'

import type { Strategy } from '@/gen/tickreel/v1/runner_service_pb'

import runConfigSchema from '../../../../../configs/schema/run_config.schema.json'

/** Keys of a config's strategy that only a strategy with submission modes reads. */
export const ORDER_KEYS = ['submission_mode', 'orders', 'order_type', 'time_in_force']

/** JSON Schema of run configs, with the registered strategies and the parameters of the chosen one filled in. */
export function configSchema(strategies: readonly Strategy[], chosen: string): JSONSchema {
  const schema = structuredClone(runConfigSchema) as JSONSchema
  const strategy = strategies.find(({ strategyId }) => strategyId === chosen)
  const block = properties(schema).strategy ?? {}
  const unread = strategy?.submissionModes.length === 0 ? ORDER_KEYS : []
  const known = Object.fromEntries(Object.entries(properties(block)).filter(([key]) => !unread.includes(key)))
  block.properties = known
  const words = (key: string, words: string[]) => {
    if (words.length > 0) known[key] = { ...known[key], enum: words }
  }
  words(
    'name',
    strategies.map(({ strategyId }) => strategyId),
  )
  words('submission_mode', strategy?.submissionModes ?? [])
  if (strategy?.parametersSchema !== undefined) {
    known.parameters = { ...known.parameters, ...(strategy.parametersSchema as JSONSchema) }
  }
  return schema
}

function properties(schema: JSONSchema | boolean | undefined): Record<string, JSONSchema> {
  if (typeof schema !== 'object' || schema.properties === undefined)
    throw new Error('the schema of run configs has no such object')
  return schema.properties as Record<string, JSONSchema>
}
