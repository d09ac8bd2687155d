import { Code, ConnectError } from '@connectrpc/connect'

import { BadRequestSchema, ErrorInfoSchema } from '@/gen/google/rpc/error_details_pb'

import { ADVICE } from './advice'
import type { Reason } from './reason'

/** What is wrong with one field: its path as the request or the config has it, and what would be right. */
export interface Violation {
  field: string
  description: string
}

/** A call that failed, decoded: the one error type that screens know. */
export class RpcError extends Error {
  override readonly name = 'RpcError'

  private constructor(
    message: string,
    readonly code: Code,
    /** Why, in the words of the services; not set where no service has answered. */
    readonly reason: Reason | undefined,
    /** The dynamic parts of the message. */
    readonly metadata: Readonly<Record<string, string>>,
    /** One for each field at fault. */
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

  /** What to do about it. */
  get advice(): string | undefined {
    if (this.reason !== undefined) return ADVICE[this.reason]
    return this.unreachable ? 'Nothing answers behind this page: see whether tickreel up is running.' : undefined
  }

  /** Whether nobody answered: the network, the gateway or the service behind it is away. */
  get unreachable(): boolean {
    return this.reason === undefined ? !ANSWERED.has(this.code) : this.reason === 'SERVICE_UNAVAILABLE'
  }
}

/** What browsers say where nothing could be fetched: Chromium, Firefox, Safari. */
const NO_NETWORK = /^(Failed to fetch|NetworkError when|Load failed|network error)/i

/** Codes that only a service that is there gives. */
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
