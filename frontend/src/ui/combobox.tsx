import { Combobox as BaseCombobox } from '@base-ui/react/combobox'
import { Check, ChevronsUpDown } from 'lucide-react'

import { classNames } from './class-names'
import { CONTROL } from './field'
import { POPUP, POPUP_ITEM } from './popup'
import type { Option } from './select'

interface ComboboxProps<Value extends string> {
  /** Accessible name, if there is no Field around it. */
  label?: string
  options: readonly Option<Value>[]
  value: Value | null
  onChange: (value: Value) => void
  placeholder?: string
  /** Text shown if nothing matches. */
  empty?: string
}

/** A choice among many values, filtered by typing. */
export function Combobox<Value extends string>(props: ComboboxProps<Value>) {
  const { label, options, value, onChange, placeholder, empty = 'No matches' } = props
  return (
    <BaseCombobox.Root
      items={options}
      value={options.find((option) => option.value === value) ?? null}
      onValueChange={(chosen: Option<Value> | null) => {
        if (chosen !== null) onChange(chosen.value)
      }}
      autoHighlight
    >
      <div className="relative">
        <BaseCombobox.Input aria-label={label} placeholder={placeholder} className={classNames(CONTROL, 'pr-7')} />
        <BaseCombobox.Trigger
          aria-label="Show all"
          className="absolute inset-y-0 right-0 flex w-7 items-center justify-center text-faint"
        >
          <ChevronsUpDown size={13} aria-hidden />
        </BaseCombobox.Trigger>
      </div>
      <BaseCombobox.Portal>
        <BaseCombobox.Positioner sideOffset={4} className="z-40">
          <BaseCombobox.Popup
            className={classNames(POPUP, 'max-h-(--available-height) min-w-(--anchor-width) overflow-auto p-1')}
          >
            <BaseCombobox.Empty className="px-2 text-sm text-faint not-empty:py-1">{empty}</BaseCombobox.Empty>
            <BaseCombobox.List>
              {(option: Option<Value>) => (
                <BaseCombobox.Item key={option.value} value={option} className={POPUP_ITEM}>
                  {option.label}
                  {option.note !== undefined && <span className="text-xs text-faint">{option.note}</span>}
                  <BaseCombobox.ItemIndicator className="ml-auto">
                    <Check size={13} aria-hidden className="text-accent" />
                  </BaseCombobox.ItemIndicator>
                </BaseCombobox.Item>
              )}
            </BaseCombobox.List>
          </BaseCombobox.Popup>
        </BaseCombobox.Positioner>
      </BaseCombobox.Portal>
    </BaseCombobox.Root>
  )
}
