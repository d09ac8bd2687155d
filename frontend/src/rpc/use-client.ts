import type { DescService } from '@bufbuild/protobuf'
import { type Client, createClient } from '@connectrpc/connect'
import { useTransport } from '@connectrpc/connect-query'
import { useMemo } from 'react'

/** A client of a service on the page's transport, for streams; unary reads go through `useQuery` of connect-query. */
export function useClient<S extends DescService>(service: S): Client<S> {
  const transport = useTransport()
  return useMemo(() => createClient(service, transport), [service, transport])
}
