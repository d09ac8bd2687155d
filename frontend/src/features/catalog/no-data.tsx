import { useMutation, useQuery } from '@connectrpc/connect-query'
import { useQueryClient } from '@tanstack/react-query'
import { Plus } from 'lucide-react'

import { ConverterService } from '@/gen/tickreel/v1/converter_service_pb'
import { RpcError } from '@/rpc/rpc-error'
import { Button } from '@/ui/button'
import { CommandLine } from '@/ui/command-line'
import { EmptyState } from '@/ui/empty-state'

export interface NoDataProps {
  /** Called with the raw names of the instruments once the sample data is made. */
  onMade?: (instruments: readonly string[]) => void
}

/** Empty state of the raw data: where recordings belong, and a button that makes sample data. */
export function NoData({ onMade }: NoDataProps) {
  const queries = useQueryClient()
  const check = useQuery(ConverterService.method.makeSampleData, { validateOnly: true }, { retry: false })
  const { mutate, isPending, error } = useMutation(ConverterService.method.makeSampleData, {
    onSuccess: ({ instruments }) => {
      // All earlier answers were given without data.
      void queries.invalidateQueries()
      onMade?.(instruments)
    },
  })
  if (check.isPending) return null
  // The Converter cannot write sample data, so the command has to.
  if (check.isError) {
    return (
      <EmptyState action={<CommandLine command="tickreel sample-data" />}>
        No raw data yet. Put recordings into data_downloads/ (see its README). The services can only read that folder;
        to make sample data, run this on its host:
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
      No raw data yet. Put recordings into data_downloads/ (see its README), or start with sample trades and books of
      three instruments over one night.
    </EmptyState>
  )
}
