import { Info, TriangleAlert } from 'lucide-react'

import { type Finding, Severity } from '@/gen/tickreel/v1/result_pb'
import { EmptyState } from '@/ui/empty-state'
import { MessageText } from '@/ui/message-text'

/** Findings that qualify the figures, most severe first. */
export function Findings({ findings }: { findings: readonly Finding[] }) {
  if (findings.length === 0) return <EmptyState>No findings.</EmptyState>
  return (
    <ul aria-label="Findings">
      {findings
        .toSorted((a, b) => b.severity - a.severity)
        .map(({ severity, code, message }) => (
          <li key={code + message} className="flex gap-3 border-b border-line px-4 py-2.5">
            {severity === Severity.WARNING ? (
              <TriangleAlert size={15} aria-label="Warning" className="mt-0.5 shrink-0 text-warning" />
            ) : (
              <Info size={15} aria-label="Note" className="mt-0.5 shrink-0 text-faint" />
            )}
            <div className="min-w-0">
              <MessageText message={message} />
              <p className="figures text-2xs text-faint">{code}</p>
            </div>
          </li>
        ))}
    </ul>
  )
}
