import type { DescService } from '@bufbuild/protobuf'
import { type Client, createClient } from '@connectrpc/connect'
import { useTransport } from '@connectrpc/connect-query'
import { useMemo } from 'react'

/** Client of a service on the page's transport, for streams. Unary reads use connect-query's `useQuery`. */
export function useClient<S extends DescService>(service: S): Client<S> {
  const transport = useTransport()
  return useMemo(() => createClient(service, transport), [service, transport])
}
