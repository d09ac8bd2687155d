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
    __slots__ = ("price_precision", "size_precision", "ts_event", "ts_init", "price", "size", "side", "trade_id")
    PRICE_PRECISION_FIELD_NUMBER: _ClassVar[int]
    SIZE_PRECISION_FIELD_NUMBER: _ClassVar[int]
    TS_EVENT_FIELD_NUMBER: _ClassVar[int]
    TS_INIT_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    TRADE_ID_FIELD_NUMBER: _ClassVar[int]
    price_precision: int
    size_precision: int
    ts_event: _containers.RepeatedScalarFieldContainer[int]
    ts_init: _containers.RepeatedScalarFieldContainer[int]
    price: _containers.RepeatedScalarFieldContainer[int]
    size: _containers.RepeatedScalarFieldContainer[int]
    side: _containers.RepeatedScalarFieldContainer[AggressorSide]
    trade_id: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, price_precision: _Optional[int] = ..., size_precision: _Optional[int] = ..., ts_event: _Optional[_Iterable[int]] = ..., ts_init: _Optional[_Iterable[int]] = ..., price: _Optional[_Iterable[int]] = ..., size: _Optional[_Iterable[int]] = ..., side: _Optional[_Iterable[_Union[AggressorSide, str]]] = ..., trade_id: _Optional[_Iterable[str]] = ...) -> None: ...
