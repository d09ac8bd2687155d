import { Field as BaseField } from '@base-ui/react/field'
import { CircleAlert } from 'lucide-react'
import type { ReactNode } from 'react'

interface FieldProps {
  label: string
  /** Explanation, if the label alone is not enough. */
  hint?: ReactNode
  /** What is wrong with the value and what is required. */
  error?: string | undefined
  children: ReactNode
}

/** A control with its label above and its hint or error below. */
export function Field({ label, hint, error, children }: FieldProps) {
  return (
    <BaseField.Root invalid={error !== undefined} className="flex min-w-0 flex-col gap-1">
      <BaseField.Label className="text-xs font-medium text-muted">{label}</BaseField.Label>
      {children}
      {hint !== undefined && error === undefined && (
        <BaseField.Description className="text-xs text-faint">{hint}</BaseField.Description>
      )}
      <BaseField.Error match={error !== undefined} className="flex gap-1 text-xs text-danger">
        <CircleAlert size={12} aria-hidden className="mt-0.5 shrink-0" />
        {error}
      </BaseField.Error>
    </BaseField.Root>
  )
}

/** Class names of text inputs and of controls that open a list. */
export const CONTROL =
  'h-7 w-full min-w-0 rounded border border-line-strong bg-raised px-2 text-sm text-text placeholder:text-faint ' +
  'hover:border-faint focus-visible:border-accent focus-visible:outline-1 focus-visible:outline-offset-0 ' +
  'data-disabled:opacity-50 data-invalid:border-danger aria-invalid:border-danger'
