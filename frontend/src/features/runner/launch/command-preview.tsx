import { useState } from 'react'

import { CopyButton } from '@/ui/copy-button'
import { SegmentedControl } from '@/ui/segmented-control'

import { grpcurlCommand, tickreelCommand } from './commands'
import type { Choice } from './run-request'

/** Tools that make a run without this page. */
type Tool = 'tickreel' | 'grpcurl'

interface CommandPreviewProps {
  /** Undefined while there is nothing that could be run. */
  choice: Choice | undefined
  /** The file of the config, on the machine of the services. */
  path: string
}

/** The same run from a terminal: the lines to paste, as the form stands. */
export function CommandPreview({ choice, path }: CommandPreviewProps) {
  const [tool, setTool] = useState<Tool>('tickreel')
  const gateway = window.location
  const command =
    choice && (tool === 'tickreel' ? tickreelCommand(choice, path, gateway) : grpcurlCommand(choice, gateway))
  return (
    <section aria-label="The same run from a terminal" className="px-4 py-3">
      <div className="flex items-center gap-2 pb-2">
        <h2 className="flex-1 text-xs font-medium text-faint">The same run from a terminal</h2>
        <SegmentedControl
          label="Tool"
          options={[
            { value: 'tickreel', label: 'tickreel' },
            { value: 'grpcurl', label: 'grpcurl' },
          ]}
          value={tool}
          onChange={setTool}
        />
        {command !== undefined && <CopyButton text={command} label="Copy the command" />}
      </div>
      {command === undefined ? (
        <p className="text-xs text-muted">
          The command stands here once a config and a snapshot mode are chosen, and what was typed can be read.
        </p>
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
