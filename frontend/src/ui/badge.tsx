import type { LucideIcon } from 'lucide-react'
import type { ReactNode } from 'react'

import { classNames } from './class-names'

export type Tone = 'neutral' | 'accent' | 'warning' | 'danger' | 'faint'

const TONES: Record<Tone, string> = {
  neutral: 'text-muted',
  accent: 'text-accent',
  warning: 'text-warning',
  danger: 'text-danger',
  faint: 'text-faint',
}

/** A one-word state with an icon, so that it does not rely on colour alone. */
export function Badge({ tone = 'neutral', Icon, children }: { tone?: Tone; Icon?: LucideIcon; children: ReactNode }) {
  return (
    <span className={classNames('inline-flex items-center gap-1.5 align-top text-sm whitespace-nowrap', TONES[tone])}>
      {Icon && <Icon size={13} strokeWidth={2} aria-hidden className="shrink-0" />}
      {children}
    </span>
  )
}
