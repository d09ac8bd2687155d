import type { ReactNode } from 'react'

import type { Violation } from '@/rpc/rpc-error'
import { Field } from '@/ui/field'

interface ConfigFieldProps {
  label: string
  /** Path of the config field that it sets, as in violations. */
  path: string
  violations: readonly Violation[]
  hint?: ReactNode
  children: ReactNode
}

/** A form control with the errors of its field below. */
export function ConfigField({ label, path, violations, hint, children }: ConfigFieldProps) {
  return (
    <div data-path={path} className="min-w-0">
      <Field label={label} hint={hint} error={errorOf(path, violations)}>
        {children}
      </Field>
    </div>
  )
}

/** All errors of a field in one text. */
export function errorOf(path: string, violations: readonly Violation[]): string | undefined {
  const mine = violations.filter(({ field }) => field === path).map(({ description }) => description)
  return mine.length === 0 ? undefined : mine.join('; ')
}

/** Focus the control of a field; returns false if the form has none. */
export function focusField(path: string): boolean {
  const field = document.querySelector(`[data-path="${CSS.escape(path)}"]`)
  const control = field?.querySelector<HTMLElement>('input, button, [role=slider], [tabindex="0"]')
  control?.focus()
  return control != null
}
