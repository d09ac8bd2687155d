import { createConnectQueryKey, useMutation } from '@connectrpc/connect-query'
import { useQueryClient } from '@tanstack/react-query'
import { Trash2 } from 'lucide-react'
import { useState } from 'react'

import { ResultsService } from '@/gen/tickreel/v1/results_service_pb'
import { RpcError } from '@/rpc/rpc-error'
import { Button, IconButton } from '@/ui/button'
import { Dialog } from '@/ui/dialog'
import { showToast } from '@/ui/toasts'

/** Deletes a result after a confirmation. */
export function DeleteButton({ runId, onDeleted }: { runId: string; onDeleted: () => void }) {
  const [open, setOpen] = useState(false)
  const queries = useQueryClient()
  const { mutate, isPending, error } = useMutation(ResultsService.method.deleteResult, {
    onSuccess: () => {
      void queries.invalidateQueries({
        queryKey: createConnectQueryKey({ schema: ResultsService, cardinality: undefined }),
      })
      setOpen(false)
      showToast({ title: 'Deleted', description: runId })
      onDeleted()
    },
  })
  return (
    <>
      <IconButton
        Icon={Trash2}
        label="Delete this result"
        onClick={() => {
          setOpen(true)
        }}
      />
      <Dialog title="Delete this result?" open={open} onOpenChange={setOpen}>
        <p className="text-sm">
          <span className="figures">{runId}</span>: its figures, orders, fills, ticks, files, notes and tags are deleted
          permanently. The run stays in the list of runs.
        </p>
        {error && (
          <p role="alert" className="pt-2 text-sm text-danger">
            {RpcError.from(error).message}
          </p>
        )}
        <div className="flex justify-end gap-2 pt-4">
          <Button
            onClick={() => {
              setOpen(false)
            }}
          >
            Cancel
          </Button>
          <Button
            variant="danger"
            Icon={Trash2}
            busy={isPending}
            onClick={() => {
              mutate({ runId })
            }}
          >
            Delete
          </Button>
        </div>
      </Dialog>
    </>
  )
}
