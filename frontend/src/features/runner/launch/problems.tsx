import { CircleAlert } from 'lucide-react'

import { problemCount } from '@/rpc/problem-count'
import type { Violation } from '@/rpc/rpc-error'
import { countOf } from '@/ui/format/count'

interface ProblemsProps {
  violations: readonly Violation[]
  /** Jumps to the control of a field, or to its position in the JSON. */
  onGoTo: (field: string) => void
}

/** List of all problems; clicking one jumps to its field. */
export function Problems({ violations, onGoTo }: ProblemsProps) {
  return (
    <section aria-label="Problems" className="border-b border-line px-4 py-3">
      <h2 className="flex items-center gap-1.5 pb-1 text-xs font-medium text-danger">
        <CircleAlert size={13} aria-hidden />
        {countOf(problemCount(violations), 'problem')}
      </h2>
      <ul className="flex flex-col">
        {violations.map(({ field, description }) => (
          <li key={field + description}>
            <button
              type="button"
              onClick={() => {
                onGoTo(field)
              }}
              className="w-full rounded px-1.5 py-0.5 text-left text-sm hover:bg-hover"
            >
              <span className="figures text-xs text-muted">{field}</span> {description}
            </button>
          </li>
        ))}
      </ul>
    </section>
  )
}
