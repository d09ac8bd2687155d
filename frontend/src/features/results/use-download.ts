import { useCallback, useEffect, useRef, useState } from 'react'

import { ResultsService } from '@/gen/tickreel/v1/results_service_pb'
import { followStream } from '@/rpc/follow-stream'
import type { RpcError } from '@/rpc/rpc-error'
import { useClient } from '@/rpc/use-client'

/** Progress of a file: rows while it is being exported, then bytes. */
export interface Transfer {
  readonly name: string
  readonly done: number
  readonly total: number
  readonly unit: 'rows' | 'bytes'
  /** Whether the connection is down and being retried. */
  readonly broken: boolean
}

/** Download files of a run, one at a time. A broken download is resumed. */
export function useDownload(runId: string) {
  const results = useClient(ResultsService)
  const [transfer, setTransfer] = useState<Transfer>()
  const [error, setError] = useState<RpcError>()
  const controller = useRef<AbortController>(null)
  useEffect(() => () => controller.current?.abort(), [])

  const start = useCallback(
    async (name: string) => {
      controller.current?.abort()
      controller.current = new AbortController()
      const { signal } = controller.current
      const parts: BlobPart[] = []
      let received = 0
      setError(undefined)
      setTransfer({ name, done: 0, total: 0, unit: 'bytes', broken: false })
      await followStream(
        {
          open: (attempt) => results.exportArtifact({ runId, name, offset: BigInt(received) }, { signal: attempt }),
          onMessage: ({ data, totalBytes, madeRows, totalRows }) => {
            if (totalBytes === 0n && totalRows > 0n) {
              setTransfer({ name, done: Number(madeRows), total: Number(totalRows), unit: 'rows', broken: false })
              return
            }
            parts.push(new Uint8Array(data))
            received += data.length
            setTransfer({ name, done: received, total: Number(totalBytes), unit: 'bytes', broken: false })
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
    },
    [results, runId],
  )
  const stop = useCallback(() => {
    controller.current?.abort()
    setTransfer(undefined)
  }, [])
  return { transfer, error, start, stop }
}

function save(content: Blob, name: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(content)
  link.download = name
  link.click()
  URL.revokeObjectURL(link.href)
}
