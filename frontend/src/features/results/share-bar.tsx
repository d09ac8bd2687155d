/** A part of a bar. */
export interface Part {
  name: string
  count: number
  /** Formatted count. */
  text: string
  className: string
}

/** A stacked bar with its parts listed by name. */
export function ShareBar({ parts }: { parts: readonly Part[] }) {
  const total = parts.reduce((sum, { count }) => sum + count, 0)
  return (
    <div className="border-t border-line pt-2 pb-1.5">
      <div aria-hidden className="flex h-2 gap-px overflow-hidden rounded-sm bg-line">
        {parts.map(({ name, count, className }) => (
          <div key={name} className={className} style={{ width: `${total === 0 ? 0 : (100 * count) / total}%` }} />
        ))}
      </div>
      <ul className="flex flex-wrap justify-between gap-x-4 pt-1 text-xs text-muted">
        {parts.map(({ name, text, className }) => (
          <li key={name} className="flex items-center gap-1.5">
            <span aria-hidden className={`size-2 rounded-xs ${className}`} />
            <span className="figures">{text}</span> {name}
          </li>
        ))}
      </ul>
    </div>
  )
}
