import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import type { JSONPath } from 'jsonc-parser'
import { useMemo, useState } from 'react'

import { type ConfigText, readConfigText, withValue } from './config-text'
import { mergePatch, patchText } from './merge-patch'
import type { Origin } from './use-origin'

/** The config being edited: one text, changed by the editor and by the controls of the form. */
export interface EditedConfig extends ConfigText {
  /** The last valid document, which the form shows while the text is invalid. */
  readable: JsonObject | undefined
  /** Whether it differs from the original. */
  edited: boolean
  setText: (text: string) => void
  /** Sets a value, or removes it if undefined. Does nothing while the text is not a JSON object. */
  setValue: (path: JSONPath, value: JsonValue | undefined) => void
  revert: () => void
}

const EMPTY = readConfigText('{}')

/**
 * Edit the config of an origin.
 *
 * @param edit - The edit from the URL, as a merge patch.
 * @param onEdit - Called with every edit that a merge patch can hold, so not while the text is not a JSON object.
 */
export function useConfigText(
  origin: Origin | undefined,
  edit: JsonObject | undefined,
  onEdit: (edit: JsonObject | undefined) => void,
): EditedConfig {
  const [typed, setTyped] = useState<{ key: string; config: ConfigText; readable: JsonObject | undefined }>()
  const base = origin?.config ?? EMPTY
  const held = useMemo(
    () => (edit === undefined || base.document === undefined ? base : readConfigText(patchText(base.text, edit))),
    [base, edit],
  )
  const { config, readable } =
    typed !== undefined && typed.key === origin?.key ? typed : { config: held, readable: held.document }

  const setText = (text: string) => {
    if (origin === undefined) return
    const config = readConfigText(text)
    setTyped({ key: origin.key, config, readable: config.document ?? readable })
    if (config.document !== undefined && base.document !== undefined) onEdit(mergePatch(base.document, config.document))
  }
  return {
    ...config,
    readable,
    edited:
      config.document === undefined || base.document === undefined
        ? config.text !== base.text
        : mergePatch(base.document, config.document) !== undefined,
    setText,
    setValue: (path, value) => {
      if (config.document !== undefined) setText(withValue(config.text, path, value))
    },
    revert: () => {
      setTyped(undefined)
      onEdit(undefined)
    },
  }
}
