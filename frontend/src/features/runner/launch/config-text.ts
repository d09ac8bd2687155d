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

/** A place in a text. */
export interface Range {
  from: number
  to: number
}

/** A config as text, read: its values where it is a JSON object, and what is wrong with the text where it is none. */
export interface ConfigText {
  text: string
  document: JsonObject | undefined
  /** Why the text is no JSON object, and where. */
  fault: (Range & { message: string }) | undefined
  /** Keys that are there twice: JSON readers take the last one silently. */
  violations: readonly Violation[]
}

const STRICT = { disallowComments: true, allowTrailingComma: false, allowEmptyContent: false }
const FORMATTING = { formattingOptions: { insertSpaces: true, tabSize: 2, keepLines: true } }

/** Reads the text of a config. */
export function readConfigText(text: string): ConfigText {
  const errors: ParseError[] = []
  const root = parseTree(text, errors, STRICT)
  const [error] = errors
  if (error !== undefined) {
    const { offset, length } = error
    const line = text.slice(0, offset).split('\n').length
    const message = `is no JSON: line ${line}, ${inWords(printParseErrorCode(error.error))}`
    const fault = { from: offset, to: offset + length, message }
    return { text, document: undefined, fault, violations: [] }
  }
  if (root?.type !== 'object') {
    const fault = { from: 0, to: text.length, message: 'is no JSON object; a run config is one: {…}' }
    return { text, document: undefined, fault, violations: [] }
  }
  return { text, document: JSON.parse(text) as JsonObject, fault: undefined, violations: [...repeatedKeys(root, '')] }
}

/** The text with a value set, or removed where it is undefined; what is not concerned stays as it was written. */
export function withValue(text: string, path: JSONPath, value: JsonValue | undefined): string {
  return applyEdits(text, modify(text, path, value, FORMATTING))
}

/** The text of a document. */
export function toText(document: JsonObject): string {
  return `${JSON.stringify(document, null, 2)}\n`
}

/** The value at a path of a document, undefined where there is none. */
export function valueAt(document: JsonValue | undefined, path: JSONPath): JsonValue | undefined {
  return path.reduce<JsonValue | undefined>((value, key) => {
    if (typeof value !== 'object' || value === null) return undefined
    return (value as Readonly<Record<string | number, JsonValue>>)[key]
  }, document)
}

/** Where a field stands in a text: its value, or the key of the nearest object around it where it is missing. */
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

/** The steps of a field's path: strategy.orders[0].side. */
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
    if (seen.has(name)) yield { field: here, description: 'is there more than once; keep one' }
    seen.add(name)
    if (value !== undefined) yield* repeatedKeys(value, here)
  }
}

/** PropertyNameExpected as "property name expected". */
function inWords(code: string): string {
  return code.replace(/\B[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).toLowerCase()
}
