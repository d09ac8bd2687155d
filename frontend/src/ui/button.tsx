import { Button as BaseButton } from '@base-ui/react/button'
import { createLink } from '@tanstack/react-router'
import type { LucideIcon } from 'lucide-react'
import type { ComponentProps, ReactNode } from 'react'

import { classNames } from './class-names'
import { Tooltip } from './tooltip'

type Variant = 'primary' | 'secondary' | 'quiet' | 'danger'

const VARIANTS: Record<Variant, string> = {
  primary: 'bg-accent text-on-accent font-medium hover:brightness-110',
  secondary: 'border border-line-strong bg-raised text-text hover:bg-hover',
  quiet: 'text-muted hover:bg-hover hover:text-text',
  danger: 'border border-line-strong bg-raised text-danger hover:border-danger hover:bg-danger-soft',
}

const SHAPE =
  'inline-flex h-7 shrink-0 cursor-default items-center justify-center gap-1.5 rounded px-2.5 text-sm whitespace-nowrap ' +
  'transition-colors duration-100 data-disabled:opacity-50'

const PRESSED = 'aria-pressed:border-accent aria-pressed:bg-accent-soft aria-pressed:text-accent'

interface ButtonProps extends Omit<ComponentProps<typeof BaseButton>, 'disabled' | 'className'> {
  variant?: Variant
  Icon?: LucideIcon
  /** Reason why the button is disabled, shown to the user; undefined if it is enabled. */
  disabledBecause?: string | undefined
  /** Whether a toggle button is on; undefined for a plain button. */
  pressed?: boolean
  /** Whether its action is running: the button keeps its place and ignores further presses. */
  busy?: boolean
  children: ReactNode
}

export function Button({
  variant = 'secondary',
  Icon,
  disabledBecause,
  pressed,
  busy = false,
  children,
  ...props
}: ButtonProps) {
  const button = (
    <BaseButton
      {...props}
      disabled={disabledBecause !== undefined || busy}
      focusableWhenDisabled
      aria-busy={busy}
      aria-pressed={pressed}
      className={classNames(SHAPE, VARIANTS[variant], pressed !== undefined && PRESSED)}
    >
      {Icon && <Icon size={14} strokeWidth={1.75} aria-hidden className={busy ? 'animate-pulse' : undefined} />}
      {children}
    </BaseButton>
  )
  return disabledBecause === undefined ? button : <Tooltip text={disabledBecause}>{button}</Tooltip>
}

interface ButtonAnchorProps extends Omit<ComponentProps<'a'>, 'className'> {
  variant?: Variant
  Icon?: LucideIcon
}

function ButtonAnchor({ variant = 'secondary', Icon, children, ...props }: ButtonAnchorProps) {
  return (
    <a {...props} className={classNames(SHAPE, VARIANTS[variant])}>
      {Icon && <Icon size={14} strokeWidth={1.75} aria-hidden />}
      {children}
    </a>
  )
}

/** A link to another screen, styled as a button. */
export const ButtonLink = createLink(ButtonAnchor)

interface IconButtonProps extends Omit<ComponentProps<typeof BaseButton>, 'className' | 'children'> {
  Icon: LucideIcon
  /** Accessible name and tooltip. */
  label: string
  pressed?: boolean
}

export function IconButton({ Icon, label, pressed, ...props }: IconButtonProps) {
  return (
    <Tooltip text={label}>
      <BaseButton
        {...props}
        aria-label={label}
        aria-pressed={pressed}
        className={classNames(
          'inline-flex size-7 shrink-0 cursor-default items-center justify-center rounded text-muted transition-colors duration-100',
          'hover:bg-hover hover:text-text aria-pressed:bg-accent-soft aria-pressed:text-accent data-disabled:opacity-50',
        )}
      >
        <Icon size={15} strokeWidth={1.75} aria-hidden />
      </BaseButton>
    </Tooltip>
  )
}
