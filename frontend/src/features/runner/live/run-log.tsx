import { useVirtualizer } from '@tanstack/react-virtual'
import { ArrowDownToLine } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'

import { JobState } from '@/gen/tickreel/v1/job_pb'
import type { Run } from '@/gen/tickreel/v1/run_pb'
import { RunnerService, type StreamRunLogResponse } from '@/gen/tickreel/v1/runner_service_pb'
import { useClient } from '@/rpc/use-client'
import { useStream } from '@/rpc/use-stream'
import { Button } from '@/ui/button'
import { EmptyState } from '@/ui/empty-state'
import { ErrorState } from '@/ui/error-state'

const LINE_HEIGHT = 18

/** Live log of the process of a run. It follows the end unless the user has scrolled up. */
export function RunLog({ run }: { run: Run }) {
  const runner = useClient(RunnerService)
  const {
    state: text,
    status,
    error,
  } = useStream<StreamRunLogResponse, string>({
    open: (signal) => runner.streamRunLog({ runId: run.runId, follow: true }, { signal }),
    initial: '',
    // Each connection sends the log from the start.
    reduce: (before, message, first) => (first ? message.text : before + message.text),
  })
  const known = text === '' ? (run.failure?.metadata.log ?? '') : text
  if (status === 'failed' && known === '' && error) return <ErrorState problem={error} />
  if (known === '') return <EmptyState>{emptyText(run)}</EmptyState>
  return <LogLines lines={known.replace(/\n$/, '').split('\n')} />
}

function LogLines({ lines }: { lines: readonly string[] }) {
  const viewport = useRef<HTMLDivElement>(null)
  const [following, setFollowing] = useState(true)
  const virtualizer = useVirtualizer({
    count: lines.length,
    getScrollElement: () => viewport.current,
    estimateSize: () => LINE_HEIGHT,
    overscan: 20,
  })
  useEffect(() => {
    if (following) viewport.current?.scrollTo({ top: viewport.current.scrollHeight })
  }, [following, lines.length])
  return (
    <div className="relative h-full">
      <div
        ref={viewport}
        role="log"
        aria-label="Log"
        tabIndex={0}
        className="h-full overflow-auto py-2 -outline-offset-2"
        onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
          setFollowing(scrollHeight - scrollTop - clientHeight < LINE_HEIGHT)
        }}
      >
        <div className="relative" style={{ height: virtualizer.getTotalSize() }}>
          {virtualizer.getVirtualItems().map(({ index, start }) => (
            <div
              key={index}
              className="figures absolute px-4 text-xs leading-4.5 whitespace-pre text-muted"
              style={{ transform: `translateY(${start}px)` }}
            >
              {lines[index]}
            </div>
          ))}
        </div>
      </div>
      {!following && (
        <div className="absolute right-4 bottom-3">
          <Button
            Icon={ArrowDownToLine}
            onClick={() => {
              setFollowing(true)
            }}
          >
            Follow
          </Button>
        </div>
      )}
    </div>
  )
}

function emptyText({ state }: Run): string {
  if (state === JobState.QUEUED) return 'The log starts with the run.'
  return state === JobState.RUNNING ? 'No log output so far.' : 'No log output.'
}
