import { useMutation, useQuery } from '@connectrpc/connect-query'
import { useQueryClient } from '@tanstack/react-query'
import { Plus } from 'lucide-react'

import { ConverterService } from '@/gen/tickreel/v1/converter_service_pb'
import { RpcError } from '@/rpc/rpc-error'
import { Button } from '@/ui/button'
import { CommandLine } from '@/ui/command-line'
import { EmptyState } from '@/ui/empty-state'

export interface NoDataProps {
  /** Told of the instruments of the sample data, by their raw names, once it is made. */
  onMade?: (instruments: readonly string[]) => void
}

/** There is no raw data yet: where it belongs, and the way to some that is made up. */
export function NoData({ onMade }: NoDataProps) {
  const queries = useQueryClient()
  const check = useQuery(ConverterService.method.makeSampleData, { validateOnly: true }, { retry: false })
  const { mutate, isPending, error } = useMutation(ConverterService.method.makeSampleData, {
    onSuccess: ({ instruments }) => {
      // Whatever was asked was answered without data: what there is, and what a run would read.
      void queries.invalidateQueries()
      onMade?.(instruments)
    },
  })
  if (check.isPending) return null
  // The Converter has no place for sample data: the command makes it.
  if (check.isError) {
    return (
      <EmptyState action={<CommandLine command="tickreel sample-data" />}>
        No raw data yet. Put recordings below data_downloads/ as its README says; the services only read there. This
        makes some to try with, where the folder lies:
      </EmptyState>
    )
  }
  return (
    <EmptyState
      action={
        <>
          <Button
            variant="primary"
            Icon={Plus}
            busy={isPending}
            onClick={() => {
              mutate({})
            }}
          >
            {isPending ? 'Making sample data' : 'Make sample data'}
          </Button>
          <p role="status" className="h-4 text-xs text-faint">
            {isPending && 'A few seconds'}
          </p>
          {error && (
            <p role="alert" className="max-w-120 text-danger">
              {RpcError.from(error).message}
            </p>
          )}
        </>
      }
    >
      No raw data yet. Put recordings below data_downloads/ as its README says, or begin with made-up trades and books
      of three instruments over a night.
    </EmptyState>
  )
}
