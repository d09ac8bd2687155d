import { useState } from 'react'

import { CopyButton } from '@/ui/copy-button'
import { SegmentedControl } from '@/ui/segmented-control'

import { grpcurlCommand, tickreelCommand } from './commands'
import type { Choice } from './run-request'

/** Command-line tools that can create the run. */
type Tool = 'tickreel' | 'grpcurl'

interface CommandPreviewProps {
  /** Undefined while the form does not describe a run. */
  choice: Choice | undefined
  /** Path of the config file on the host of the services. */
  path: string
}

/** Command that creates the run of the form from a terminal. */
export function CommandPreview({ choice, path }: CommandPreviewProps) {
  const [tool, setTool] = useState<Tool>('tickreel')
  const gateway = window.location
  const command =
    choice && (tool === 'tickreel' ? tickreelCommand(choice, path, gateway) : grpcurlCommand(choice, gateway))
  return (
    <section aria-label="Run from a terminal" className="px-4 py-3">
      <div className="flex items-center gap-2 pb-2">
        <h2 className="flex-1 text-xs font-medium text-faint">Run from a terminal</h2>
        <SegmentedControl
          label="Tool"
          options={[
            { value: 'tickreel', label: 'tickreel' },
            { value: 'grpcurl', label: 'grpcurl' },
          ]}
          value={tool}
          onChange={setTool}
        />
        {command !== undefined && <CopyButton text={command} label="Copy command" />}
      </div>
      {command === undefined ? (
        <p className="text-xs text-muted">Choose a valid config and a snapshot mode to see the command.</p>
      ) : (
        <pre
          tabIndex={0}
          role="region"
          aria-label={`Command for ${tool}`}
          className="figures max-h-96 overflow-auto rounded border border-line bg-ground p-2.5 text-xs leading-4.5 wrap-anywhere whitespace-pre-wrap"
        >
          {command}
        </pre>
      )}
    </section>
  )
}
