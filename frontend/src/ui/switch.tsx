import { Switch as BaseSwitch } from '@base-ui/react/switch'

interface SwitchProps {
  label: string
  /** What it changes, or why it is disabled. */
  hint?: string
  checked: boolean
  onChange: (checked: boolean) => void
  disabled?: boolean
}

/** An on/off switch with its label. */
export function Switch({ label, hint, checked, onChange, disabled = false }: SwitchProps) {
  return (
    <label className="group flex items-start gap-2">
      <BaseSwitch.Root
        checked={checked}
        onCheckedChange={onChange}
        disabled={disabled}
        className="mt-0.5 flex h-4 w-7 shrink-0 rounded-full border border-line-strong bg-raised p-px data-disabled:opacity-60 transition-colors duration-100 data-checked:border-accent data-checked:bg-accent"
      >
        <BaseSwitch.Thumb className="size-3 rounded-full bg-muted transition-transform duration-100 data-checked:translate-x-3 data-checked:bg-on-accent" />
      </BaseSwitch.Root>
      <span className="text-sm">
        <span className="group-has-data-disabled:text-muted">{label}</span>
        {hint !== undefined && <span className="block text-xs text-faint">{hint}</span>}
      </span>
    </label>
  )
}
