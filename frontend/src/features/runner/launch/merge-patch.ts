import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import type { JSONPath } from 'jsonc-parser'

import { valueAt, withValue } from './config-text'

/**
 * Difference of two documents as a JSON Merge Patch (RFC 7396): changed keys, and null for removed ones. Undefined if they
 * are equal. A merge patch cannot express null values, which configs cannot have.
 */
export function mergePatch(from: JsonObject, to: JsonObject): JsonObject | undefined {
  const patch: JsonObject = {}
  for (const key of new Set([...Object.keys(from), ...Object.keys(to)])) {
    const before = from[key]
    const after = to[key]
    if (after === undefined) patch[key] = null
    else if (isObject(before) && isObject(after)) {
      const inside = mergePatch(before, after)
      if (inside !== undefined) patch[key] = inside
    } else if (!isSame(before, after)) patch[key] = after
  }
  return Object.keys(patch).length === 0 ? undefined : patch
}

/** Apply a merge patch to the text of a document. Text that the patch does not touch is unchanged. */
export function patchText(text: string, patch: JsonObject, path: JSONPath = []): string {
  return Object.entries(patch).reduce((patched, [key, value]) => {
    const here = [...path, key]
    if (value === null) return withValue(patched, here, undefined)
    if (isObject(value) && isObject(valueAt(JSON.parse(patched) as JsonValue, here)))
      return patchText(patched, value, here)
    return withValue(patched, here, value)
  }, text)
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isSame(one: JsonValue | undefined, other: JsonValue | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
