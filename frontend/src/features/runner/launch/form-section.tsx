import type { ReactNode } from 'react'

/** A section of the form: its title, on the left if there is room, and its controls. */
export function FormSection({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section
      aria-label={title}
      className="grid gap-x-4 gap-y-2 border-b border-line px-4 py-3 last:border-b-0 md:grid-cols-[104px_minmax(0,1fr)]"
    >
      <h2 className="pt-1 text-xs font-medium text-faint">{title}</h2>
      <div className="flex min-w-0 flex-col gap-3">{children}</div>
    </section>
  )
}
