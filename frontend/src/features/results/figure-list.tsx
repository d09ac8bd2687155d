import type { ReactNode } from 'react'

interface FigureGroupProps {
  title: string
  /** What is drawn above the figures. */
  drawing?: ReactNode
  children: ReactNode
}

/** A named group of figures. */
export function FigureGroup({ title, drawing, children }: FigureGroupProps) {
  return (
    <section className="min-w-0">
      <h3 className="label flex h-7 items-center">{title}</h3>
      {drawing}
      <dl>{children}</dl>
    </section>
  )
}

/** A figure with its name; a dash where it cannot be said, and why on demand. */
export function FigureRow({ name, value, hint }: { name: string; value: string | undefined; hint?: string }) {
  return (
    <div className="flex min-h-7 items-center gap-3 border-t border-line" title={hint}>
      <dt className="text-xs text-muted">{name}</dt>
      <dd className="figures ml-auto text-sm whitespace-nowrap">{value ?? '–'}</dd>
    </div>
  )
}
