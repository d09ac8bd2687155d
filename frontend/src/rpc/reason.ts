import type { ErrorReason } from '@/gen/tickreel/v1/error_reason_pb'

/** Name of an error reason without its prefix, as on the wire: DATA_REFUSED. */
export type Reason = Exclude<keyof typeof ErrorReason, 'UNSPECIFIED'>
