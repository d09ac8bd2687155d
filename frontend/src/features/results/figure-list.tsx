import type { ReactNode } from 'react'

interface FigureGroupProps {
  title: string
  /** Drawing above the figures. */
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

/** Groups of figures in as many columns as fit. */
export function FigureColumns({ children }: { children: ReactNode }) {
  return (
    <div className="@container">
      <div className="grid gap-x-6 gap-y-4 px-4 pt-1 pb-3 @2xl:grid-cols-2 @4xl:grid-cols-3">{children}</div>
    </div>
  )
}

/** A figure with its name and an optional tooltip; a dash if its value is undefined. */
export function FigureRow({ name, value, hint }: { name: string; value: string | undefined; hint?: string }) {
  return (
    <div className="flex min-h-6 items-center gap-3 border-t border-line" title={hint}>
      <dt className="text-xs text-muted">{name}</dt>
      <dd className="figures ml-auto text-sm whitespace-nowrap">{value ?? '–'}</dd>
    </div>
  )
}
