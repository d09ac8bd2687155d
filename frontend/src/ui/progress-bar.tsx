import { Progress } from '@base-ui/react/progress'

interface ProgressBarProps {
  label: string
  /** Progress from 0 to 1; null while unknown. */
  share: number | null
  /** Whether no update has arrived for a while. */
  stale?: boolean
}

export function ProgressBar({ label, share, stale = false }: ProgressBarProps) {
  return (
    <Progress.Root
      aria-label={label}
      value={share === null ? null : share * 100}
      getAriaValueText={() => (share === null ? 'unknown' : `${Math.floor(share * 100)} %`)}
    >
      <Progress.Track className="h-1 overflow-hidden rounded-full bg-line">
        <Progress.Indicator
          data-stale={stale}
          className="h-full bg-accent transition-[width] duration-150 data-indeterminate:w-1/4 data-indeterminate:animate-pulse data-[stale=true]:bg-faint"
        />
      </Progress.Track>
    </Progress.Root>
  )
}
