import { DataType } from '@/gen/tickreel/v1/market_data_pb'
import { SnapshotMode } from '@/gen/tickreel/v1/result_pb'
import { Liquidity, PositionSide } from '@/gen/tickreel/v1/statistics_pb'

/** Names of snapshot modes in result files and commands. */
export const SNAPSHOT_MODE_WORDS: Record<SnapshotMode, string> = {
  [SnapshotMode.UNSPECIFIED]: '',
  [SnapshotMode.TRADES]: 'trades',
  [SnapshotMode.BOOK]: 'book',
  [SnapshotMode.BOTH]: 'both',
}

/** Names of data types in result files. */
export const DATA_TYPE_WORDS: Record<DataType, string> = {
  [DataType.UNSPECIFIED]: '',
  [DataType.TRADES]: 'trades',
  [DataType.BOOK_SNAPSHOT_5]: 'book_snapshot_5',
}

export const POSITION_SIDE_WORDS: Record<PositionSide, string> = {
  [PositionSide.UNSPECIFIED]: '',
  [PositionSide.LONG]: 'long',
  [PositionSide.SHORT]: 'short',
}

export const LIQUIDITY_WORDS: Record<Liquidity, string> = {
  [Liquidity.UNSPECIFIED]: '',
  [Liquidity.MAKER]: 'maker',
  [Liquidity.TAKER]: 'taker',
}
