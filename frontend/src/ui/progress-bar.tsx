import { Progress } from '@base-ui/react/progress'

interface ProgressBarProps {
  label: string
  /** How much is done, from 0 to 1; null while it is not known. */
  share: number | null
  /** Whether nothing moves now: no news has come for a while. */
  stale?: boolean
}

export function ProgressBar({ label, share, stale = false }: ProgressBarProps) {
  return (
    <Progress.Root
      aria-label={label}
      value={share === null ? null : share * 100}
      getAriaValueText={() => (share === null ? 'not known yet' : `${Math.floor(share * 100)} %`)}
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
