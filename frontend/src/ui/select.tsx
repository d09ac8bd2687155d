import { Select as BaseSelect } from '@base-ui/react/select'
import { Check, ChevronsUpDown } from 'lucide-react'

import { classNames } from './class-names'
import { CONTROL } from './field'
import { POPUP, POPUP_ITEM } from './popup'

export interface Option<Value extends string> {
  value: Value
  label: string
  /** Secondary text beside the label. */
  note?: string
}

interface SelectProps<Value extends string> {
  /** Accessible name, if there is no Field around it. */
  label?: string
  options: readonly Option<Value>[]
  value: Value | null
  onChange: (value: Value) => void
  placeholder?: string
  disabled?: boolean
}

/** A choice of a few values; for many, use a Combobox. */
export function Select<Value extends string>({
  label,
  options,
  value,
  onChange,
  placeholder,
  disabled,
}: SelectProps<Value>) {
  return (
    <BaseSelect.Root
      items={options}
      value={value}
      onValueChange={(chosen) => {
        if (chosen !== null) onChange(chosen)
      }}
      disabled={disabled ?? false}
    >
      <BaseSelect.Trigger aria-label={label} className={classNames(CONTROL, 'flex items-center justify-between gap-2')}>
        <span className="truncate">
          <BaseSelect.Value placeholder={placeholder} />
        </span>
        <ChevronsUpDown size={13} aria-hidden className="shrink-0 text-faint" />
      </BaseSelect.Trigger>
      <BaseSelect.Portal>
        <BaseSelect.Positioner sideOffset={4} alignItemWithTrigger={false} className="z-40">
          <BaseSelect.Popup
            className={classNames(POPUP, 'max-h-(--available-height) min-w-(--anchor-width) overflow-auto p-1')}
          >
            {options.map((option) => (
              <BaseSelect.Item key={option.value} value={option.value} className={POPUP_ITEM}>
                <BaseSelect.ItemText>{option.label}</BaseSelect.ItemText>
                {option.note !== undefined && <span className="text-xs text-faint">{option.note}</span>}
                <BaseSelect.ItemIndicator className="ml-auto">
                  <Check size={13} aria-hidden className="text-accent" />
                </BaseSelect.ItemIndicator>
              </BaseSelect.Item>
            ))}
          </BaseSelect.Popup>
        </BaseSelect.Positioner>
      </BaseSelect.Portal>
    </BaseSelect.Root>
  )
}
