import { Input } from '@base-ui/react/input'
import type { ComponentProps } from 'react'

import { classNames } from './class-names'
import { CONTROL } from './field'

interface TextInputProps extends Omit<ComponentProps<typeof Input>, 'className' | 'onChange' | 'onValueChange'> {
  value: string
  onChange: (value: string) => void
  /** Whether it holds a number, an id or a time rather than words. */
  figures?: boolean
}

export function TextInput({ value, onChange, figures = false, ...props }: TextInputProps) {
  return (
    <Input
      {...props}
      value={value}
      onValueChange={onChange}
      spellCheck={false}
      autoComplete="off"
      className={classNames(CONTROL, figures && 'figures')}
    />
  )
}
