import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import type { JSONPath } from 'jsonc-parser'

import { valueAt, withValue } from './config-text'

/**
 * What makes one document another, as a JSON Merge Patch (RFC 7396): the keys that differ, null for those that are gone.
 * Undefined where they are the same. A null inside a document cannot be told; no config may have one.
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

/** The text of a document with a merge patch applied; what the patch does not name stays as it was written. */
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
