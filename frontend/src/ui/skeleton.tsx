/**
 * Placeholder for loading content; the default height is that of a line of text.
 *
 * It starts to pulse only after a while, since most content has arrived by then and animation would slow it down.
 */
export function Skeleton({ width, height = 12 }: { width: number | string; height?: number }) {
  return (
    <span
      aria-hidden
      className="inline-block animate-pulse rounded-sm [animation-delay:500ms] bg-line align-middle"
      style={{ width, height }}
    />
  )
}

/** Placeholder for the rows of a loading list. */
export function SkeletonRows({ rows = 8 }: { rows?: number }) {
  return (
    <div role="status" aria-label="Loading" className="flex flex-col">
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className="flex h-7 items-center gap-6 border-b border-line px-4">
          <Skeleton width={180} />
          <Skeleton width={`${20 + ((row * 37) % 25)}%`} />
          <Skeleton width={80} />
        </div>
      ))}
    </div>
  )
}
