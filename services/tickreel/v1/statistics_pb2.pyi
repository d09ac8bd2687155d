from tickreel.v1 import order_pb2 as _order_pb2
from tickreel.v1 import text_format_pb2 as _text_format_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PositionSide(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    POSITION_SIDE_UNSPECIFIED: _ClassVar[PositionSide]
    POSITION_SIDE_LONG: _ClassVar[PositionSide]
    POSITION_SIDE_SHORT: _ClassVar[PositionSide]

class Liquidity(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LIQUIDITY_UNSPECIFIED: _ClassVar[Liquidity]
    LIQUIDITY_MAKER: _ClassVar[Liquidity]
    LIQUIDITY_TAKER: _ClassVar[Liquidity]
POSITION_SIDE_UNSPECIFIED: PositionSide
POSITION_SIDE_LONG: PositionSide
POSITION_SIDE_SHORT: PositionSide
LIQUIDITY_UNSPECIFIED: Liquidity
LIQUIDITY_MAKER: Liquidity
LIQUIDITY_TAKER: Liquidity

class RunStatistics(_message.Message):
    __slots__ = ("closing_orders", "winning_orders", "losing_orders", "win_rate", "gross_profit", "gross_loss", "profit_factor", "expectancy", "largest_win", "largest_loss", "turnover", "slippage", "average_slippage_bps", "position", "returns", "by_side", "by_hour", "by_liquidity", "by_order_type")
    CLOSING_ORDERS_FIELD_NUMBER: _ClassVar[int]
    WINNING_ORDERS_FIELD_NUMBER: _ClassVar[int]
    LOSING_ORDERS_FIELD_NUMBER: _ClassVar[int]
    WIN_RATE_FIELD_NUMBER: _ClassVar[int]
    GROSS_PROFIT_FIELD_NUMBER: _ClassVar[int]
    GROSS_LOSS_FIELD_NUMBER: _ClassVar[int]
    PROFIT_FACTOR_FIELD_NUMBER: _ClassVar[int]
    EXPECTANCY_FIELD_NUMBER: _ClassVar[int]
    LARGEST_WIN_FIELD_NUMBER: _ClassVar[int]
    LARGEST_LOSS_FIELD_NUMBER: _ClassVar[int]
    TURNOVER_FIELD_NUMBER: _ClassVar[int]
    SLIPPAGE_FIELD_NUMBER: _ClassVar[int]
    AVERAGE_SLIPPAGE_BPS_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    RETURNS_FIELD_NUMBER: _ClassVar[int]
    BY_SIDE_FIELD_NUMBER: _ClassVar[int]
    BY_HOUR_FIELD_NUMBER: _ClassVar[int]
    BY_LIQUIDITY_FIELD_NUMBER: _ClassVar[int]
    BY_ORDER_TYPE_FIELD_NUMBER: _ClassVar[int]
    closing_orders: int
    winning_orders: int
    losing_orders: int
    win_rate: str
    gross_profit: str
    gross_loss: str
    profit_factor: str
    expectancy: str
    largest_win: str
    largest_loss: str
    turnover: str
    slippage: str
    average_slippage_bps: str
    position: PositionStatistics
    returns: ReturnStatistics
    by_side: _containers.RepeatedCompositeFieldContainer[SideStatistics]
    by_hour: _containers.RepeatedCompositeFieldContainer[HourStatistics]
    by_liquidity: _containers.RepeatedCompositeFieldContainer[LiquidityStatistics]
    by_order_type: _containers.RepeatedCompositeFieldContainer[OrderTypeStatistics]
    def __init__(self, closing_orders: _Optional[int] = ..., winning_orders: _Optional[int] = ..., losing_orders: _Optional[int] = ..., win_rate: _Optional[str] = ..., gross_profit: _Optional[str] = ..., gross_loss: _Optional[str] = ..., profit_factor: _Optional[str] = ..., expectancy: _Optional[str] = ..., largest_win: _Optional[str] = ..., largest_loss: _Optional[str] = ..., turnover: _Optional[str] = ..., slippage: _Optional[str] = ..., average_slippage_bps: _Optional[str] = ..., position: _Optional[_Union[PositionStatistics, _Mapping]] = ..., returns: _Optional[_Union[ReturnStatistics, _Mapping]] = ..., by_side: _Optional[_Iterable[_Union[SideStatistics, _Mapping]]] = ..., by_hour: _Optional[_Iterable[_Union[HourStatistics, _Mapping]]] = ..., by_liquidity: _Optional[_Iterable[_Union[LiquidityStatistics, _Mapping]]] = ..., by_order_type: _Optional[_Iterable[_Union[OrderTypeStatistics, _Mapping]]] = ...) -> None: ...

class PositionStatistics(_message.Message):
    __slots__ = ("exposure", "mean_size", "largest_long", "largest_short", "round_trips", "winning_round_trips", "mean_holding_seconds", "longest_holding_seconds")
    EXPOSURE_FIELD_NUMBER: _ClassVar[int]
    MEAN_SIZE_FIELD_NUMBER: _ClassVar[int]
    LARGEST_LONG_FIELD_NUMBER: _ClassVar[int]
    LARGEST_SHORT_FIELD_NUMBER: _ClassVar[int]
    ROUND_TRIPS_FIELD_NUMBER: _ClassVar[int]
    WINNING_ROUND_TRIPS_FIELD_NUMBER: _ClassVar[int]
    MEAN_HOLDING_SECONDS_FIELD_NUMBER: _ClassVar[int]
    LONGEST_HOLDING_SECONDS_FIELD_NUMBER: _ClassVar[int]
    exposure: str
    mean_size: str
    largest_long: str
    largest_short: str
    round_trips: int
    winning_round_trips: int
    mean_holding_seconds: str
    longest_holding_seconds: str
    def __init__(self, exposure: _Optional[str] = ..., mean_size: _Optional[str] = ..., largest_long: _Optional[str] = ..., largest_short: _Optional[str] = ..., round_trips: _Optional[int] = ..., winning_round_trips: _Optional[int] = ..., mean_holding_seconds: _Optional[str] = ..., longest_holding_seconds: _Optional[str] = ...) -> None: ...

class ReturnStatistics(_message.Message):
    __slots__ = ("hours", "sharpe_ratio", "sharpe_standard_error", "sortino_ratio")
    HOURS_FIELD_NUMBER: _ClassVar[int]
    SHARPE_RATIO_FIELD_NUMBER: _ClassVar[int]
    SHARPE_STANDARD_ERROR_FIELD_NUMBER: _ClassVar[int]
    SORTINO_RATIO_FIELD_NUMBER: _ClassVar[int]
    hours: int
    sharpe_ratio: str
    sharpe_standard_error: str
    sortino_ratio: str
    def __init__(self, hours: _Optional[int] = ..., sharpe_ratio: _Optional[str] = ..., sharpe_standard_error: _Optional[str] = ..., sortino_ratio: _Optional[str] = ...) -> None: ...

class SideStatistics(_message.Message):
    __slots__ = ("side", "closing_orders", "winning_orders", "realized_pnl", "unrealized_pnl", "fees", "pnl")
    SIDE_FIELD_NUMBER: _ClassVar[int]
    CLOSING_ORDERS_FIELD_NUMBER: _ClassVar[int]
    WINNING_ORDERS_FIELD_NUMBER: _ClassVar[int]
    REALIZED_PNL_FIELD_NUMBER: _ClassVar[int]
    UNREALIZED_PNL_FIELD_NUMBER: _ClassVar[int]
    FEES_FIELD_NUMBER: _ClassVar[int]
    PNL_FIELD_NUMBER: _ClassVar[int]
    side: PositionSide
    closing_orders: int
    winning_orders: int
    realized_pnl: str
    unrealized_pnl: str
    fees: str
    pnl: str
    def __init__(self, side: _Optional[_Union[PositionSide, str]] = ..., closing_orders: _Optional[int] = ..., winning_orders: _Optional[int] = ..., realized_pnl: _Optional[str] = ..., unrealized_pnl: _Optional[str] = ..., fees: _Optional[str] = ..., pnl: _Optional[str] = ...) -> None: ...

class HourStatistics(_message.Message):
    __slots__ = ("hour", "fills", "volume", "fees", "realized_pnl", "pnl")
    HOUR_FIELD_NUMBER: _ClassVar[int]
    FILLS_FIELD_NUMBER: _ClassVar[int]
    VOLUME_FIELD_NUMBER: _ClassVar[int]
    FEES_FIELD_NUMBER: _ClassVar[int]
    REALIZED_PNL_FIELD_NUMBER: _ClassVar[int]
    PNL_FIELD_NUMBER: _ClassVar[int]
    hour: int
    fills: int
    volume: str
    fees: str
    realized_pnl: str
    pnl: str
    def __init__(self, hour: _Optional[int] = ..., fills: _Optional[int] = ..., volume: _Optional[str] = ..., fees: _Optional[str] = ..., realized_pnl: _Optional[str] = ..., pnl: _Optional[str] = ...) -> None: ...

class LiquidityStatistics(_message.Message):
    __slots__ = ("liquidity", "fills", "volume", "turnover", "fees", "fill_share", "volume_share", "fee_share")
    LIQUIDITY_FIELD_NUMBER: _ClassVar[int]
    FILLS_FIELD_NUMBER: _ClassVar[int]
    VOLUME_FIELD_NUMBER: _ClassVar[int]
    TURNOVER_FIELD_NUMBER: _ClassVar[int]
    FEES_FIELD_NUMBER: _ClassVar[int]
    FILL_SHARE_FIELD_NUMBER: _ClassVar[int]
    VOLUME_SHARE_FIELD_NUMBER: _ClassVar[int]
    FEE_SHARE_FIELD_NUMBER: _ClassVar[int]
    liquidity: Liquidity
    fills: int
    volume: str
    turnover: str
    fees: str
    fill_share: str
    volume_share: str
    fee_share: str
    def __init__(self, liquidity: _Optional[_Union[Liquidity, str]] = ..., fills: _Optional[int] = ..., volume: _Optional[str] = ..., turnover: _Optional[str] = ..., fees: _Optional[str] = ..., fill_share: _Optional[str] = ..., volume_share: _Optional[str] = ..., fee_share: _Optional[str] = ...) -> None: ...

class OrderTypeStatistics(_message.Message):
    __slots__ = ("order_type", "orders", "orders_filled", "fills", "volume", "fees")
    ORDER_TYPE_FIELD_NUMBER: _ClassVar[int]
    ORDERS_FIELD_NUMBER: _ClassVar[int]
    ORDERS_FILLED_FIELD_NUMBER: _ClassVar[int]
    FILLS_FIELD_NUMBER: _ClassVar[int]
    VOLUME_FIELD_NUMBER: _ClassVar[int]
    FEES_FIELD_NUMBER: _ClassVar[int]
    order_type: _order_pb2.OrderType
    orders: int
    orders_filled: int
    fills: int
    volume: str
    fees: str
    def __init__(self, order_type: _Optional[_Union[_order_pb2.OrderType, str]] = ..., orders: _Optional[int] = ..., orders_filled: _Optional[int] = ..., fills: _Optional[int] = ..., volume: _Optional[str] = ..., fees: _Optional[str] = ...) -> None: ...
