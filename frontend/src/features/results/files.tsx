import { Download, X } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'

import { ResultsService } from '@/gen/tickreel/v1/results_service_pb'
import { followStream } from '@/rpc/follow-stream'
import type { RpcError } from '@/rpc/rpc-error'
import { useClient } from '@/rpc/use-client'
import { IconButton } from '@/ui/button'
import { EmptyState } from '@/ui/empty-state'
import { ErrorState } from '@/ui/error-state'
import { formatBytes } from '@/ui/format/count'
import { ProgressBar } from '@/ui/progress-bar'

interface FilesProps {
  runId: string
  /** The files that the run left, by name: where they lie on the machine of the services. */
  outputs: Readonly<Record<string, string>>
}

/** The files that a run left, to be saved. */
export function Files({ runId, outputs }: FilesProps) {
  const names = Object.keys(outputs).toSorted()
  if (names.length === 0) return <EmptyState>This run left no files beside its summary.</EmptyState>
  return (
    <ul aria-label="Files">
      {names.map((name) => (
        <File key={name} runId={runId} name={name} path={outputs[name] ?? ''} />
      ))}
    </ul>
  )
}

/** How much of a file has arrived. */
interface Transfer {
  received: number
  total: number
  broken: boolean
}

function File({ runId, name, path }: { runId: string; name: string; path: string }) {
  const results = useClient(ResultsService)
  const [transfer, setTransfer] = useState<Transfer>()
  const [error, setError] = useState<RpcError>()
  const controller = useRef<AbortController>(null)
  useEffect(() => () => controller.current?.abort(), [])

  const start = async () => {
    controller.current = new AbortController()
    const { signal } = controller.current
    const parts: BlobPart[] = []
    let received = 0
    setError(undefined)
    setTransfer({ received: 0, total: 0, broken: false })
    await followStream(
      {
        open: (attempt) => results.exportArtifact({ runId, name, offset: BigInt(received) }, { signal: attempt }),
        onMessage: ({ data, totalBytes }) => {
          parts.push(new Uint8Array(data))
          received += data.length
          setTransfer({ received, total: Number(totalBytes), broken: false })
        },
        onStatus: (status, cause) => {
          if (status === 'broken') setTransfer((before) => before && { ...before, broken: true })
          if (status === 'failed') setError(cause)
          if (status === 'ended') save(new Blob(parts), name)
          if (status === 'ended' || status === 'failed') setTransfer(undefined)
        },
      },
      signal,
    )
  }
  return (
    <li className="border-b border-line px-4 py-1">
      <div className="flex min-h-7 items-center gap-3">
        <span className="figures w-40 shrink-0 text-sm">{name}</span>
        <span className="figures min-w-0 flex-1 truncate text-xs text-faint" title={path}>
          {path}
        </span>
        {transfer ? (
          <>
            <span className="figures text-xs text-muted">
              {transfer.broken ? 'trying again' : `${formatBytes(transfer.received)} of ${formatBytes(transfer.total)}`}
            </span>
            <div className="w-32">
              <ProgressBar
                label={`Saving ${name}`}
                share={transfer.total === 0 ? null : transfer.received / transfer.total}
                stale={transfer.broken}
              />
            </div>
            <IconButton
              Icon={X}
              label={`Stop saving ${name}`}
              onClick={() => {
                controller.current?.abort()
                setTransfer(undefined)
              }}
            />
          </>
        ) : (
          <IconButton Icon={Download} label={`Save ${name}`} onClick={() => void start()} />
        )}
      </div>
      {error && <ErrorState problem={error} onRetry={() => void start()} />}
    </li>
  )
}

function save(content: Blob, name: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(content)
  link.download = name
  link.click()
  URL.revokeObjectURL(link.href)
}
