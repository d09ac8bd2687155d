/**
 * Stands where something will: a line of text by default, as wide as what comes.
 *
 * It begins to pulse after a while: most of what it stands for is there by then, sooner where nothing is drawn for its sake.
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

/** Rows of a list that is on its way. */
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
