import { Radio } from '@base-ui/react/radio'
import { RadioGroup } from '@base-ui/react/radio-group'

interface SegmentedControlProps<Value extends string> {
  label: string
  options: readonly { value: Value; label: string; disabled?: boolean }[]
  value: Value
  onChange: (value: Value) => void
}

/** A choice of a few values, all of them visible. */
export function SegmentedControl<Value extends string>({
  label,
  options,
  value,
  onChange,
}: SegmentedControlProps<Value>) {
  return (
    <RadioGroup<Value>
      aria-label={label}
      value={value}
      onValueChange={onChange}
      className="inline-flex h-7 w-fit max-w-full overflow-x-auto rounded border border-line-strong bg-raised p-px"
    >
      {options.map((option) => (
        <Radio.Root
          key={option.value}
          value={option.value}
          disabled={option.disabled ?? false}
          aria-label={option.label}
          className="flex shrink-0 cursor-default items-center rounded-sm px-2.5 text-sm whitespace-nowrap text-muted hover:text-text data-checked:bg-accent-soft data-checked:text-accent data-disabled:opacity-50"
        >
          {option.label}
        </Radio.Root>
      ))}
    </RadioGroup>
  )
}
