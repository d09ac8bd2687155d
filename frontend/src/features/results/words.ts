import { DataType } from '@/gen/tickreel/v1/market_data_pb'
import { OrderStatus, OrderType, TimeInForce } from '@/gen/tickreel/v1/order_pb'
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

export const ORDER_TYPE_WORDS: Record<OrderType, string> = {
  [OrderType.UNSPECIFIED]: '',
  [OrderType.MARKET]: 'market',
  [OrderType.LIMIT]: 'limit',
  [OrderType.STOP_MARKET]: 'stop market',
  [OrderType.STOP_LIMIT]: 'stop limit',
  [OrderType.MARKET_TO_LIMIT]: 'market to limit',
  [OrderType.MARKET_IF_TOUCHED]: 'market if touched',
  [OrderType.LIMIT_IF_TOUCHED]: 'limit if touched',
  [OrderType.TRAILING_STOP_MARKET]: 'trailing stop market',
  [OrderType.TRAILING_STOP_LIMIT]: 'trailing stop limit',
}

export const TIME_IN_FORCE_WORDS: Record<TimeInForce, string> = {
  [TimeInForce.UNSPECIFIED]: '',
  [TimeInForce.GTC]: 'GTC',
  [TimeInForce.IOC]: 'IOC',
  [TimeInForce.FOK]: 'FOK',
  [TimeInForce.GTD]: 'GTD',
  [TimeInForce.DAY]: 'day',
  [TimeInForce.AT_THE_OPEN]: 'at the open',
  [TimeInForce.AT_THE_CLOSE]: 'at the close',
}

/** States that tell more than the status of an order. */
export const STATE_WORDS: Partial<Record<OrderStatus, string>> = {
  [OrderStatus.EXPIRED]: 'expired',
  [OrderStatus.OPEN]: 'open',
  [OrderStatus.EMULATED]: 'emulated',
}
