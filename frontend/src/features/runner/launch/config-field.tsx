import type { ReactNode } from 'react'

import type { Violation } from '@/rpc/rpc-error'
import { Field } from '@/ui/field'

interface ConfigFieldProps {
  label: string
  /** The path of what it sets, as violations name it. */
  path: string
  violations: readonly Violation[]
  hint?: ReactNode
  children: ReactNode
}

/** A control of the form with what is wrong with its value below it. */
export function ConfigField({ label, path, violations, hint, children }: ConfigFieldProps) {
  return (
    <div data-path={path} className="min-w-0">
      <Field label={label} hint={hint} error={errorOf(path, violations)}>
        {children}
      </Field>
    </div>
  )
}

/** What is wrong with a field, all of it. */
export function errorOf(path: string, violations: readonly Violation[]): string | undefined {
  const mine = violations.filter(({ field }) => field === path).map(({ description }) => description)
  return mine.length === 0 ? undefined : mine.join('; ')
}

/** Brings the keyboard to the control of a field; false where the form has none. */
export function focusField(path: string): boolean {
  const field = document.querySelector(`[data-path="${CSS.escape(path)}"]`)
  const control = field?.querySelector<HTMLElement>('input, button, [role=slider], [tabindex="0"]')
  control?.focus()
  return control != null
}
