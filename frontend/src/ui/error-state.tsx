import { CircleAlert, RotateCw } from 'lucide-react'

import { Button } from './button'

/** An error as shown to the user. */
export interface Problem {
  message: string
  /** Stable, searchable name of the error. */
  reason?: string | undefined
  /** Next step for the user. */
  advice?: string | undefined
  violations?: readonly { field: string; description: string }[]
}

/** Replaces content that failed to load: message, reason, next step and a retry button. */
export function ErrorState({ problem, onRetry }: { problem: Problem; onRetry?: () => void }) {
  const { message, reason, advice, violations = [] } = problem
  return (
    <div role="alert" className="flex max-w-160 gap-3 p-4">
      <CircleAlert size={16} aria-hidden className="mt-0.5 shrink-0 text-danger" />
      <div className="flex min-w-0 flex-col items-start gap-2">
        <p className="text-sm break-words whitespace-pre-line">{message}</p>
        {violations.length > 0 && (
          <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1 text-sm">
            {violations.map(({ field, description }) => (
              <div key={field + description} className="contents">
                <dt className="figures text-muted">{field}</dt>
                <dd>{description}</dd>
              </div>
            ))}
          </dl>
        )}
        {advice !== undefined && <p className="text-sm text-muted">{advice}</p>}
        {reason !== undefined && <p className="figures text-2xs text-faint">{reason}</p>}
        {onRetry && (
          <Button Icon={RotateCw} onClick={onRetry}>
            Try again
          </Button>
        )}
      </div>
    </div>
  )
}
