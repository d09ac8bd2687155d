import { DataType, type TimeWindow } from '@/gen/tickreel/v1/market_data_pb'
import { instantOf, type Nanoseconds } from '@/ui/format/instant'

/** Display names of data types. */
export const DATA_TYPE_WORDS: Record<DataType, string> = {
  [DataType.UNSPECIFIED]: 'unknown',
  [DataType.TRADES]: 'trades',
  [DataType.BOOK_SNAPSHOT_5]: 'books',
}

/** Both ends of a window; undefined if one is unset. */
export function spanOf(window: TimeWindow | undefined): { start: Nanoseconds; end: Nanoseconds } | undefined {
  return window?.start && window.end && { start: instantOf(window.start), end: instantOf(window.end) }
}
