import { toJsonString } from '@bufbuild/protobuf'
import { useState } from 'react'

import { JobState } from '@/gen/tickreel/v1/job_pb'
import { RunConfigSchema } from '@/gen/tickreel/v1/run_config_pb'
import type { Run } from '@/gen/tickreel/v1/run_pb'
import { hasEnded } from '@/jobs/job'
import { EmptyState } from '@/ui/empty-state'
import { JsonText } from '@/ui/json-text'
import { Tabs } from '@/ui/tabs'

import { FindingList } from './finding-list'
import { RunLog } from './run-log'

/** Log, findings and config of a run. */
export function RunDetails({ run }: { run: Run }) {
  const findings = run.live?.findings ?? []
  const [chosen, setChosen] = useState<'log' | 'findings' | 'config'>()
  // Open the log first after a failure; after a success it is usually empty.
  const first =
    run.state === JobState.FAILED
      ? 'log'
      : hasEnded(run) || run.state === JobState.QUEUED
        ? 'config'
        : findings.length > 0
          ? 'findings'
          : 'log'
  const tab = chosen ?? first
  return (
    <Tabs
      label="Details"
      value={tab}
      onChange={setChosen}
      tabs={[
        { value: 'log', label: 'Log', content: <RunLog run={run} /> },
        {
          value: 'findings',
          label: 'Findings',
          count: findings.length > 0 ? `${findings.length}` : '',
          content:
            findings.length > 0 ? <FindingList findings={findings} /> : <EmptyState>No findings so far.</EmptyState>,
        },
        {
          value: 'config',
          label: 'Config',
          content: (
            <div className="p-4">
              <JsonText text={run.config ? toJsonString(RunConfigSchema, run.config, { prettySpaces: 2 }) : ''} />
            </div>
          ),
        },
      ]}
    />
  )
}
