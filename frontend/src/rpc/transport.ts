import { createGrpcWebTransport } from '@connectrpc/connect-web'

/** Transport to the origin of the page: the gateway, or in development the Vite server in front of it. */
export const transport = createGrpcWebTransport({ baseUrl: location.origin, useBinaryFormat: true })
