import { useVirtualizer } from '@tanstack/react-virtual'
import { ArrowDownToLine } from 'lucide-react'
import { useEffect, useMemo, useRef, useState } from 'react'

import { JobState } from '@/gen/tickreel/v1/job_pb'
import type { Run } from '@/gen/tickreel/v1/run_pb'
import { RunnerService, type StreamRunLogResponse } from '@/gen/tickreel/v1/runner_service_pb'
import { useClient } from '@/rpc/use-client'
import { useStream } from '@/rpc/use-stream'
import { Button } from '@/ui/button'
import { classNames } from '@/ui/class-names'
import { EmptyState } from '@/ui/empty-state'
import { ErrorState } from '@/ui/error-state'
import { formatCount } from '@/ui/format/count'
import { SegmentedControl } from '@/ui/segmented-control'

import { isAtLeast, type LogLevel, type LogLine, logLines } from './log-lines'

const LINE_HEIGHT = 18

const FILTERS = [
  { value: 'INFO', label: 'Info' },
  { value: 'WARN', label: 'Warnings' },
  { value: 'ERROR', label: 'Errors' },
] as const

const TONES: Partial<Record<LogLevel, string>> = { ERROR: 'text-danger', WARN: 'text-warning', INFO: 'text-text' }

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
  return <FilteredLog log={known} />
}

/** A log with a choice of the lowest level to show, unless no line has a level. */
function FilteredLog({ log }: { log: string }) {
  const [least, setLeast] = useState<'ALL' | (typeof FILTERS)[number]['value']>('ALL')
  const lines = useMemo(() => logLines(log), [log])
  const shown = useMemo(
    () => (least === 'ALL' ? lines : lines.filter((line) => isAtLeast(line, least))),
    [least, lines],
  )
  if (!lines.some((line) => line.level)) return <LogLines lines={lines} />
  const options = FILTERS.map(({ value, label }) => ({
    value,
    label: `${label} ${formatCount(lines.filter((line) => isAtLeast(line, value)).length)}`,
  }))
  return (
    <div className="flex h-full flex-col">
      <div className="border-b border-line px-4 py-2">
        <SegmentedControl
          label="Lowest level"
          options={[{ value: 'ALL', label: `All ${formatCount(lines.length)}` }, ...options]}
          value={least}
          onChange={setLeast}
        />
      </div>
      <div className="min-h-0 flex-1">
        {shown.length > 0 ? <LogLines lines={shown} /> : <EmptyState>No lines at this level.</EmptyState>}
      </div>
    </div>
  )
}

function LogLines({ lines }: { lines: readonly LogLine[] }) {
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
          {virtualizer.getVirtualItems().map(({ index, start }) => {
            const line = lines[index]
            return (
              <div
                key={index}
                className={classNames(
                  'figures absolute px-4 text-xs leading-4.5 whitespace-pre',
                  (line?.level && TONES[line.level]) ?? 'text-muted',
                )}
                style={{ transform: `translateY(${start}px)` }}
              >
                {line?.text}
              </div>
            )
          })}
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
