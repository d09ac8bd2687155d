import type { JsonValue } from '@bufbuild/protobuf'
import { useState } from 'react'

import { TextInput } from '@/ui/text-input'

interface NumberInputProps {
  value: JsonValue | undefined
  /** Called with the number, or with the text if it is not one (the Runner will reject it); undefined if empty. */
  onChange: (value: number | string | undefined) => void
  placeholder?: string
}

/** Number field of the config. It keeps the typed text, such as `1e6` and `0.`. */
export function NumberInput({ value, onChange, placeholder }: NumberInputProps) {
  const [typed, setTyped] = useState<string>()
  const text = typed !== undefined && Object.is(numberOf(typed), value) ? typed : textOf(value)
  return (
    <TextInput
      figures
      inputMode="decimal"
      value={text}
      placeholder={placeholder}
      onChange={(text) => {
        setTyped(text)
        onChange(numberOf(text))
      }}
    />
  )
}

function numberOf(text: string): number | string | undefined {
  const plain = text.trim().replaceAll(',', '').replaceAll('_', '')
  if (plain === '') return undefined
  const number = Number(plain)
  return Number.isFinite(number) ? number : text
}

function textOf(value: JsonValue | undefined): string {
  if (value === undefined) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}
