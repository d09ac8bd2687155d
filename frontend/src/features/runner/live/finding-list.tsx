import { Info, TriangleAlert } from 'lucide-react'

import { type Finding, Severity } from '@/gen/tickreel/v1/result_pb'
import { MessageText } from '@/ui/message-text'

/** Findings that qualify the figures. */
export function FindingList({ findings }: { findings: readonly Finding[] }) {
  return (
    <ul className="flex flex-col">
      {findings.map(({ severity, code, message }) => (
        <li key={code + message} className="flex gap-3 border-b border-line px-4 py-2">
          {severity === Severity.WARNING ? (
            <TriangleAlert size={14} aria-label="warning" className="mt-1 shrink-0 text-warning" />
          ) : (
            <Info size={14} aria-label="note" className="mt-1 shrink-0 text-faint" />
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
