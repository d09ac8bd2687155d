import { createGrpcWebTransport } from '@connectrpc/connect-web'

/** Calls go to the origin that the page came from: the gateway, or in development the Vite server in front of it. */
export const transport = createGrpcWebTransport({ baseUrl: location.origin, useBinaryFormat: true })
