import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DataType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DATA_TYPE_UNSPECIFIED: _ClassVar[DataType]
    DATA_TYPE_TRADES: _ClassVar[DataType]
    DATA_TYPE_BOOK_SNAPSHOT_5: _ClassVar[DataType]

class AggressorSide(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    AGGRESSOR_SIDE_UNSPECIFIED: _ClassVar[AggressorSide]
    AGGRESSOR_SIDE_BUY: _ClassVar[AggressorSide]
    AGGRESSOR_SIDE_SELL: _ClassVar[AggressorSide]
DATA_TYPE_UNSPECIFIED: DataType
DATA_TYPE_TRADES: DataType
DATA_TYPE_BOOK_SNAPSHOT_5: DataType
AGGRESSOR_SIDE_UNSPECIFIED: AggressorSide
AGGRESSOR_SIDE_BUY: AggressorSide
AGGRESSOR_SIDE_SELL: AggressorSide

class TimeWindow(_message.Message):
    __slots__ = ("start", "end")
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    start: _timestamp_pb2.Timestamp
    end: _timestamp_pb2.Timestamp
    def __init__(self, start: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class TradeColumns(_message.Message):
    __slots__ = ("price_precision", "size_precision", "ts_event", "ts_init", "price", "size", "side", "trade_id", "ts_recorded", "first_row")
    PRICE_PRECISION_FIELD_NUMBER: _ClassVar[int]
    SIZE_PRECISION_FIELD_NUMBER: _ClassVar[int]
    TS_EVENT_FIELD_NUMBER: _ClassVar[int]
    TS_INIT_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    TRADE_ID_FIELD_NUMBER: _ClassVar[int]
    TS_RECORDED_FIELD_NUMBER: _ClassVar[int]
    FIRST_ROW_FIELD_NUMBER: _ClassVar[int]
    price_precision: int
    size_precision: int
    ts_event: _containers.RepeatedScalarFieldContainer[int]
    ts_init: _containers.RepeatedScalarFieldContainer[int]
    price: _containers.RepeatedScalarFieldContainer[int]
    size: _containers.RepeatedScalarFieldContainer[int]
    side: _containers.RepeatedScalarFieldContainer[AggressorSide]
    trade_id: _containers.RepeatedScalarFieldContainer[str]
    ts_recorded: _containers.RepeatedScalarFieldContainer[int]
    first_row: int
    def __init__(self, price_precision: _Optional[int] = ..., size_precision: _Optional[int] = ..., ts_event: _Optional[_Iterable[int]] = ..., ts_init: _Optional[_Iterable[int]] = ..., price: _Optional[_Iterable[int]] = ..., size: _Optional[_Iterable[int]] = ..., side: _Optional[_Iterable[_Union[AggressorSide, str]]] = ..., trade_id: _Optional[_Iterable[str]] = ..., ts_recorded: _Optional[_Iterable[int]] = ..., first_row: _Optional[int] = ...) -> None: ...

class QuoteColumns(_message.Message):
    __slots__ = ("price_precision", "ts_init", "bid", "ask")
    PRICE_PRECISION_FIELD_NUMBER: _ClassVar[int]
    TS_INIT_FIELD_NUMBER: _ClassVar[int]
    BID_FIELD_NUMBER: _ClassVar[int]
    ASK_FIELD_NUMBER: _ClassVar[int]
    price_precision: int
    ts_init: _containers.RepeatedScalarFieldContainer[int]
    bid: _containers.RepeatedScalarFieldContainer[int]
    ask: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, price_precision: _Optional[int] = ..., ts_init: _Optional[_Iterable[int]] = ..., bid: _Optional[_Iterable[int]] = ..., ask: _Optional[_Iterable[int]] = ...) -> None: ...

class DepthColumns(_message.Message):
    __slots__ = ("price_precision", "size_precision", "levels", "ts_event", "ts_init", "bid_price", "bid_size", "ask_price", "ask_size")
    PRICE_PRECISION_FIELD_NUMBER: _ClassVar[int]
    SIZE_PRECISION_FIELD_NUMBER: _ClassVar[int]
    LEVELS_FIELD_NUMBER: _ClassVar[int]
    TS_EVENT_FIELD_NUMBER: _ClassVar[int]
    TS_INIT_FIELD_NUMBER: _ClassVar[int]
    BID_PRICE_FIELD_NUMBER: _ClassVar[int]
    BID_SIZE_FIELD_NUMBER: _ClassVar[int]
    ASK_PRICE_FIELD_NUMBER: _ClassVar[int]
    ASK_SIZE_FIELD_NUMBER: _ClassVar[int]
    price_precision: int
    size_precision: int
    levels: int
    ts_event: _containers.RepeatedScalarFieldContainer[int]
    ts_init: _containers.RepeatedScalarFieldContainer[int]
    bid_price: _containers.RepeatedScalarFieldContainer[int]
    bid_size: _containers.RepeatedScalarFieldContainer[int]
    ask_price: _containers.RepeatedScalarFieldContainer[int]
    ask_size: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, price_precision: _Optional[int] = ..., size_precision: _Optional[int] = ..., levels: _Optional[int] = ..., ts_event: _Optional[_Iterable[int]] = ..., ts_init: _Optional[_Iterable[int]] = ..., bid_price: _Optional[_Iterable[int]] = ..., bid_size: _Optional[_Iterable[int]] = ..., ask_price: _Optional[_Iterable[int]] = ..., ask_size: _Optional[_Iterable[int]] = ...) -> None: ...

class DepthSnapshot(_message.Message):
    __slots__ = ("ts_event", "ts_init", "bids", "asks")
    TS_EVENT_FIELD_NUMBER: _ClassVar[int]
    TS_INIT_FIELD_NUMBER: _ClassVar[int]
    BIDS_FIELD_NUMBER: _ClassVar[int]
    ASKS_FIELD_NUMBER: _ClassVar[int]
    ts_event: _timestamp_pb2.Timestamp
    ts_init: _timestamp_pb2.Timestamp
    bids: _containers.RepeatedCompositeFieldContainer[DepthLevel]
    asks: _containers.RepeatedCompositeFieldContainer[DepthLevel]
    def __init__(self, ts_event: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., ts_init: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., bids: _Optional[_Iterable[_Union[DepthLevel, _Mapping]]] = ..., asks: _Optional[_Iterable[_Union[DepthLevel, _Mapping]]] = ...) -> None: ...

class DepthLevel(_message.Message):
    __slots__ = ("price", "size")
    PRICE_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    price: str
    size: str
    def __init__(self, price: _Optional[str] = ..., size: _Optional[str] = ...) -> None: ...

class BarColumns(_message.Message):
    __slots__ = ("interval", "price_precision", "size_precision", "ts_start", "open", "high", "low", "close", "volume", "buy_volume", "trades", "volume_precision")
    INTERVAL_FIELD_NUMBER: _ClassVar[int]
    PRICE_PRECISION_FIELD_NUMBER: _ClassVar[int]
    SIZE_PRECISION_FIELD_NUMBER: _ClassVar[int]
    TS_START_FIELD_NUMBER: _ClassVar[int]
    OPEN_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    LOW_FIELD_NUMBER: _ClassVar[int]
    CLOSE_FIELD_NUMBER: _ClassVar[int]
    VOLUME_FIELD_NUMBER: _ClassVar[int]
    BUY_VOLUME_FIELD_NUMBER: _ClassVar[int]
    TRADES_FIELD_NUMBER: _ClassVar[int]
    VOLUME_PRECISION_FIELD_NUMBER: _ClassVar[int]
    interval: int
    price_precision: int
    size_precision: int
    ts_start: _containers.RepeatedScalarFieldContainer[int]
    open: _containers.RepeatedScalarFieldContainer[int]
    high: _containers.RepeatedScalarFieldContainer[int]
    low: _containers.RepeatedScalarFieldContainer[int]
    close: _containers.RepeatedScalarFieldContainer[int]
    volume: _containers.RepeatedScalarFieldContainer[int]
    buy_volume: _containers.RepeatedScalarFieldContainer[int]
    trades: _containers.RepeatedScalarFieldContainer[int]
    volume_precision: int
    def __init__(self, interval: _Optional[int] = ..., price_precision: _Optional[int] = ..., size_precision: _Optional[int] = ..., ts_start: _Optional[_Iterable[int]] = ..., open: _Optional[_Iterable[int]] = ..., high: _Optional[_Iterable[int]] = ..., low: _Optional[_Iterable[int]] = ..., close: _Optional[_Iterable[int]] = ..., volume: _Optional[_Iterable[int]] = ..., buy_volume: _Optional[_Iterable[int]] = ..., trades: _Optional[_Iterable[int]] = ..., volume_precision: _Optional[int] = ...) -> None: ...
