import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import {
  applyEdits,
  findNodeAtLocation,
  type JSONPath,
  modify,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from 'jsonc-parser'

import type { Violation } from '@/rpc/rpc-error'

/** A range of a text. */
export interface Range {
  from: number
  to: number
}

/** A parsed config text: its document, or the syntax error if it is not a JSON object. */
export interface ConfigText {
  text: string
  document: JsonObject | undefined
  /** Why and where the text is not a JSON object. */
  fault: (Range & { message: string }) | undefined
  /** Duplicate keys, of which JSON readers silently take the last one. */
  violations: readonly Violation[]
}

const STRICT = { disallowComments: true, allowTrailingComma: false, allowEmptyContent: false }
const FORMATTING = { formattingOptions: { insertSpaces: true, tabSize: 2, keepLines: true } }

/** Parse the text of a config. */
export function readConfigText(text: string): ConfigText {
  const errors: ParseError[] = []
  const root = parseTree(text, errors, STRICT)
  const [error] = errors
  if (error !== undefined) {
    const { offset, length } = error
    const line = text.slice(0, offset).split('\n').length
    const message = `is not valid JSON: line ${line}, ${inWords(printParseErrorCode(error.error))}`
    const fault = { from: offset, to: offset + length, message }
    return { text, document: undefined, fault, violations: [] }
  }
  if (root?.type !== 'object') {
    const fault = { from: 0, to: text.length, message: 'is not a JSON object; a run config must be one: {…}' }
    return { text, document: undefined, fault, violations: [] }
  }
  return { text, document: JSON.parse(text) as JsonObject, fault: undefined, violations: [...repeatedKeys(root, '')] }
}

/** Set a value in the text, or remove it if undefined. The rest of the text is unchanged. */
export function withValue(text: string, path: JSONPath, value: JsonValue | undefined): string {
  return applyEdits(text, modify(text, path, value, FORMATTING))
}

/** Format a document as text. */
export function toText(document: JsonObject): string {
  return `${JSON.stringify(document, null, 2)}\n`
}

/** Value at a path of a document; undefined if there is none. */
export function valueAt(document: JsonValue | undefined, path: JSONPath): JsonValue | undefined {
  return path.reduce<JsonValue | undefined>((value, key) => {
    if (typeof value !== 'object' || value === null) return undefined
    return (value as Readonly<Record<string | number, JsonValue>>)[key]
  }, document)
}

/** Range of a field in a text: its value, or if it is missing the key of the nearest object around it. */
export function rangeOf(text: string, field: string): Range {
  const root = parseTree(text)
  if (root === undefined) return { from: 0, to: 0 }
  const path = pathOf(field)
  for (let depth = path.length; depth > 0; depth--) {
    const node = findNodeAtLocation(root, path.slice(0, depth))
    if (node === undefined) continue
    const whole = depth === path.length && node.type !== 'object' && node.type !== 'array'
    return toRange(whole ? node : (node.parent?.children?.[0] ?? node))
  }
  return { from: root.offset, to: root.offset + 1 }
}

/** Split a field path into its steps: strategy.orders[0].side. */
export function pathOf(field: string): JSONPath {
  return [...field.matchAll(/\[(\d+)\]|[^.[\]]+/g)].map(([key, index]) => (index === undefined ? key : Number(index)))
}

function toRange({ offset, length }: Node): Range {
  return { from: offset, to: offset + length }
}

function* repeatedKeys(node: Node, path: string): Generator<Violation> {
  const seen = new Set<string>()
  for (const [index, child] of (node.children ?? []).entries()) {
    if (node.type === 'array') {
      yield* repeatedKeys(child, `${path}[${index}]`)
      continue
    }
    const [key, value] = child.children ?? []
    if (key === undefined) continue
    const name = String(key.value)
    const here = path === '' ? name : `${path}.${name}`
    if (seen.has(name)) yield { field: here, description: 'appears more than once; keep one' }
    seen.add(name)
    if (value !== undefined) yield* repeatedKeys(value, here)
  }
}

/** Format PropertyNameExpected as "property name expected". */
function inWords(code: string): string {
  return code.replace(/\B[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).toLowerCase()
}
