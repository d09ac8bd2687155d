import { Code, ConnectError } from '@connectrpc/connect'

import { BadRequestSchema, ErrorInfoSchema } from '@/gen/google/rpc/error_details_pb'

import { ADVICE } from './advice'
import type { Reason } from './reason'

/** A problem with one field: its path in the request or config, and what is required. */
export interface Violation {
  field: string
  description: string
}

/** A decoded RPC error: the only error type that screens handle. */
export class RpcError extends Error {
  override readonly name = 'RpcError'

  private constructor(
    message: string,
    readonly code: Code,
    /** Reason given by the service; undefined if no service answered. */
    readonly reason: Reason | undefined,
    /** Dynamic parts of the message. */
    readonly metadata: Readonly<Record<string, string>>,
    /** One per faulty field. */
    readonly violations: readonly Violation[],
    options: ErrorOptions,
  ) {
    super(message, options)
  }

  static from(cause: unknown): RpcError {
    if (cause instanceof RpcError) return cause
    const error = ConnectError.from(cause)
    const info = error.findDetails(ErrorInfoSchema)[0]
    const violations = error.findDetails(BadRequestSchema).flatMap((detail) => detail.fieldViolations)
    return new RpcError(
      NO_NETWORK.test(error.rawMessage) ? 'The gateway cannot be reached.' : error.rawMessage,
      error.code,
      info?.reason as Reason | undefined,
      info?.metadata ?? {},
      violations.map(({ field, description }) => ({ field, description })),
      { cause },
    )
  }

  /** Next step for the user. */
  get advice(): string | undefined {
    if (this.reason !== undefined) return ADVICE[this.reason]
    return this.unreachable ? 'The services do not answer. Check that tickreel up is running.' : undefined
  }

  /** Whether the call got no answer: the network, the gateway or the service behind it is down. */
  get unreachable(): boolean {
    return this.reason === undefined ? !ANSWERED.has(this.code) : this.reason === 'SERVICE_UNAVAILABLE'
  }
}

/** Messages of failed fetches in Chromium, Firefox and Safari. */
const NO_NETWORK = /^(Failed to fetch|NetworkError when|Load failed|network error)/i

/** Codes that only a reachable service returns. */
const ANSWERED: ReadonlySet<Code> = new Set([
  Code.Canceled,
  Code.InvalidArgument,
  Code.NotFound,
  Code.AlreadyExists,
  Code.PermissionDenied,
  Code.FailedPrecondition,
  Code.OutOfRange,
  Code.Unimplemented,
  Code.Unauthenticated,
])
