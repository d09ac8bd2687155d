const WIDTH = 112
const HEIGHT = 20
/** Margin for the line width at the top and bottom. */
const MARGIN = 2

/** A word-sized curve with zero as a dotted line; its points are equally spaced. */
export function Sparkline({ label, points }: { label: string; points: readonly number[] }) {
  if (points.length < 2) return null
  const low = Math.min(0, ...points)
  const range = Math.max(0, ...points) - low || 1
  const x = (index: number) => (index / (points.length - 1)) * WIDTH
  const y = (value: number) => MARGIN + (1 - (value - low) / range) * (HEIGHT - 2 * MARGIN)
  const line = points.map((value, index) => `${x(index).toFixed(1)},${y(value).toFixed(1)}`).join(' ')
  return (
    <svg
      role="img"
      aria-label={label}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      className="block h-5 w-full"
    >
      <polygon points={`0,${y(0)} ${line} ${WIDTH},${y(0)}`} className="fill-text/12" />
      <line x1={0} x2={WIDTH} y1={y(0)} y2={y(0)} className="stroke-faint" strokeDasharray="1 3" />
      <polyline
        points={line}
        fill="none"
        className="stroke-text"
        strokeWidth={1.25}
        strokeLinejoin="round"
        vectorEffect="non-scaling-stroke"
      />
    </svg>
  )
}
