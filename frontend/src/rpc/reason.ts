import type { ErrorReason } from '@/gen/tickreel/v1/error_reason_pb'

/** The name of a reason without its prefix, as it travels: DATA_REFUSED. */
export type Reason = Exclude<keyof typeof ErrorReason, 'UNSPECIFIED'>
