import datetime

from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from tickreel.v1 import order_pb2 as _order_pb2
from tickreel.v1 import statistics_pb2 as _statistics_pb2
from tickreel.v1 import text_format_pb2 as _text_format_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Order(_message.Message):
    __slots__ = ("id", "ts_submitted", "ts_closed", "side", "price", "amount", "filled_amount", "average_price", "fees", "status", "reason", "ts_recorded", "trade_row", "order_side", "order_type", "order_status", "trigger_price", "time_in_force", "post_only", "reduce_only", "quote_quantity", "expire_time", "parent_order_id", "client_order_id", "tags", "instrument_id", "updates", "reason_group", "initial_price", "initial_amount", "initial_trigger_price", "sequence")
    ID_FIELD_NUMBER: _ClassVar[int]
    TS_SUBMITTED_FIELD_NUMBER: _ClassVar[int]
    TS_CLOSED_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    FILLED_AMOUNT_FIELD_NUMBER: _ClassVar[int]
    AVERAGE_PRICE_FIELD_NUMBER: _ClassVar[int]
    FEES_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    TS_RECORDED_FIELD_NUMBER: _ClassVar[int]
    TRADE_ROW_FIELD_NUMBER: _ClassVar[int]
    ORDER_SIDE_FIELD_NUMBER: _ClassVar[int]
    ORDER_TYPE_FIELD_NUMBER: _ClassVar[int]
    ORDER_STATUS_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_PRICE_FIELD_NUMBER: _ClassVar[int]
    TIME_IN_FORCE_FIELD_NUMBER: _ClassVar[int]
    POST_ONLY_FIELD_NUMBER: _ClassVar[int]
    REDUCE_ONLY_FIELD_NUMBER: _ClassVar[int]
    QUOTE_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    PARENT_ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    UPDATES_FIELD_NUMBER: _ClassVar[int]
    REASON_GROUP_FIELD_NUMBER: _ClassVar[int]
    INITIAL_PRICE_FIELD_NUMBER: _ClassVar[int]
    INITIAL_AMOUNT_FIELD_NUMBER: _ClassVar[int]
    INITIAL_TRIGGER_PRICE_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    id: int
    ts_submitted: _timestamp_pb2.Timestamp
    ts_closed: _timestamp_pb2.Timestamp
    side: str
    price: str
    amount: str
    filled_amount: str
    average_price: str
    fees: str
    status: str
    reason: str
    ts_recorded: _timestamp_pb2.Timestamp
    trade_row: int
    order_side: _order_pb2.OrderSide
    order_type: _order_pb2.OrderType
    order_status: _order_pb2.OrderStatus
    trigger_price: str
    time_in_force: _order_pb2.TimeInForce
    post_only: bool
    reduce_only: bool
    quote_quantity: bool
    expire_time: _timestamp_pb2.Timestamp
    parent_order_id: int
    client_order_id: str
    tags: str
    instrument_id: str
    updates: int
    reason_group: str
    initial_price: str
    initial_amount: str
    initial_trigger_price: str
    sequence: int
    def __init__(self, id: _Optional[int] = ..., ts_submitted: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., ts_closed: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., side: _Optional[str] = ..., price: _Optional[str] = ..., amount: _Optional[str] = ..., filled_amount: _Optional[str] = ..., average_price: _Optional[str] = ..., fees: _Optional[str] = ..., status: _Optional[str] = ..., reason: _Optional[str] = ..., ts_recorded: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., trade_row: _Optional[int] = ..., order_side: _Optional[_Union[_order_pb2.OrderSide, str]] = ..., order_type: _Optional[_Union[_order_pb2.OrderType, str]] = ..., order_status: _Optional[_Union[_order_pb2.OrderStatus, str]] = ..., trigger_price: _Optional[str] = ..., time_in_force: _Optional[_Union[_order_pb2.TimeInForce, str]] = ..., post_only: bool = ..., reduce_only: bool = ..., quote_quantity: bool = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., parent_order_id: _Optional[int] = ..., client_order_id: _Optional[str] = ..., tags: _Optional[str] = ..., instrument_id: _Optional[str] = ..., updates: _Optional[int] = ..., reason_group: _Optional[str] = ..., initial_price: _Optional[str] = ..., initial_amount: _Optional[str] = ..., initial_trigger_price: _Optional[str] = ..., sequence: _Optional[int] = ...) -> None: ...

class OrderUpdate(_message.Message):
    __slots__ = ("id", "order_id", "ts", "kind", "order_type", "price", "trigger_price", "amount", "reason", "ts_recorded", "trade_row", "sequence")
    ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    TS_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    ORDER_TYPE_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_PRICE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    TS_RECORDED_FIELD_NUMBER: _ClassVar[int]
    TRADE_ROW_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    id: int
    order_id: int
    ts: _timestamp_pb2.Timestamp
    kind: _order_pb2.OrderUpdateKind
    order_type: _order_pb2.OrderType
    price: str
    trigger_price: str
    amount: str
    reason: str
    ts_recorded: _timestamp_pb2.Timestamp
    trade_row: int
    sequence: int
    def __init__(self, id: _Optional[int] = ..., order_id: _Optional[int] = ..., ts: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., kind: _Optional[_Union[_order_pb2.OrderUpdateKind, str]] = ..., order_type: _Optional[_Union[_order_pb2.OrderType, str]] = ..., price: _Optional[str] = ..., trigger_price: _Optional[str] = ..., amount: _Optional[str] = ..., reason: _Optional[str] = ..., ts_recorded: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., trade_row: _Optional[int] = ..., sequence: _Optional[int] = ...) -> None: ...

class Fill(_message.Message):
    __slots__ = ("id", "order_id", "ts", "side", "price", "amount", "fee", "engine_fee", "liquidity", "print_size", "print_used", "displayed_size", "displayed_used", "backed_amount", "mid", "touch", "book_age_seconds", "ts_recorded", "trade_row", "liquidity_side", "position_id", "instrument_id", "sequence")
    ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    TS_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    FEE_FIELD_NUMBER: _ClassVar[int]
    ENGINE_FEE_FIELD_NUMBER: _ClassVar[int]
    LIQUIDITY_FIELD_NUMBER: _ClassVar[int]
    PRINT_SIZE_FIELD_NUMBER: _ClassVar[int]
    PRINT_USED_FIELD_NUMBER: _ClassVar[int]
    DISPLAYED_SIZE_FIELD_NUMBER: _ClassVar[int]
    DISPLAYED_USED_FIELD_NUMBER: _ClassVar[int]
    BACKED_AMOUNT_FIELD_NUMBER: _ClassVar[int]
    MID_FIELD_NUMBER: _ClassVar[int]
    TOUCH_FIELD_NUMBER: _ClassVar[int]
    BOOK_AGE_SECONDS_FIELD_NUMBER: _ClassVar[int]
    TS_RECORDED_FIELD_NUMBER: _ClassVar[int]
    TRADE_ROW_FIELD_NUMBER: _ClassVar[int]
    LIQUIDITY_SIDE_FIELD_NUMBER: _ClassVar[int]
    POSITION_ID_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    id: int
    order_id: int
    ts: _timestamp_pb2.Timestamp
    side: str
    price: str
    amount: str
    fee: str
    engine_fee: str
    liquidity: str
    print_size: str
    print_used: str
    displayed_size: str
    displayed_used: str
    backed_amount: str
    mid: str
    touch: str
    book_age_seconds: str
    ts_recorded: _timestamp_pb2.Timestamp
    trade_row: int
    liquidity_side: _statistics_pb2.Liquidity
    position_id: int
    instrument_id: str
    sequence: int
    def __init__(self, id: _Optional[int] = ..., order_id: _Optional[int] = ..., ts: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., side: _Optional[str] = ..., price: _Optional[str] = ..., amount: _Optional[str] = ..., fee: _Optional[str] = ..., engine_fee: _Optional[str] = ..., liquidity: _Optional[str] = ..., print_size: _Optional[str] = ..., print_used: _Optional[str] = ..., displayed_size: _Optional[str] = ..., displayed_used: _Optional[str] = ..., backed_amount: _Optional[str] = ..., mid: _Optional[str] = ..., touch: _Optional[str] = ..., book_age_seconds: _Optional[str] = ..., ts_recorded: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., trade_row: _Optional[int] = ..., liquidity_side: _Optional[_Union[_statistics_pb2.Liquidity, str]] = ..., position_id: _Optional[int] = ..., instrument_id: _Optional[str] = ..., sequence: _Optional[int] = ...) -> None: ...

class Position(_message.Message):
    __slots__ = ("id", "engine_id", "instrument_id", "entry_side", "ts_opened", "ts_closed", "duration_seconds", "amount", "open_amount", "average_entry", "average_exit", "gross_pnl", "fees", "pnl", "mae", "mfe", "entry_order_id", "exit_order_id", "orders", "fills", "ts_opened_recorded", "opened_trade_row", "ts_closed_recorded", "closed_trade_row")
    ID_FIELD_NUMBER: _ClassVar[int]
    ENGINE_ID_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    ENTRY_SIDE_FIELD_NUMBER: _ClassVar[int]
    TS_OPENED_FIELD_NUMBER: _ClassVar[int]
    TS_CLOSED_FIELD_NUMBER: _ClassVar[int]
    DURATION_SECONDS_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    OPEN_AMOUNT_FIELD_NUMBER: _ClassVar[int]
    AVERAGE_ENTRY_FIELD_NUMBER: _ClassVar[int]
    AVERAGE_EXIT_FIELD_NUMBER: _ClassVar[int]
    GROSS_PNL_FIELD_NUMBER: _ClassVar[int]
    FEES_FIELD_NUMBER: _ClassVar[int]
    PNL_FIELD_NUMBER: _ClassVar[int]
    MAE_FIELD_NUMBER: _ClassVar[int]
    MFE_FIELD_NUMBER: _ClassVar[int]
    ENTRY_ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    EXIT_ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    ORDERS_FIELD_NUMBER: _ClassVar[int]
    FILLS_FIELD_NUMBER: _ClassVar[int]
    TS_OPENED_RECORDED_FIELD_NUMBER: _ClassVar[int]
    OPENED_TRADE_ROW_FIELD_NUMBER: _ClassVar[int]
    TS_CLOSED_RECORDED_FIELD_NUMBER: _ClassVar[int]
    CLOSED_TRADE_ROW_FIELD_NUMBER: _ClassVar[int]
    id: int
    engine_id: str
    instrument_id: str
    entry_side: _order_pb2.OrderSide
    ts_opened: _timestamp_pb2.Timestamp
    ts_closed: _timestamp_pb2.Timestamp
    duration_seconds: str
    amount: str
    open_amount: str
    average_entry: str
    average_exit: str
    gross_pnl: str
    fees: str
    pnl: str
    mae: str
    mfe: str
    entry_order_id: int
    exit_order_id: int
    orders: int
    fills: int
    ts_opened_recorded: _timestamp_pb2.Timestamp
    opened_trade_row: int
    ts_closed_recorded: _timestamp_pb2.Timestamp
    closed_trade_row: int
    def __init__(self, id: _Optional[int] = ..., engine_id: _Optional[str] = ..., instrument_id: _Optional[str] = ..., entry_side: _Optional[_Union[_order_pb2.OrderSide, str]] = ..., ts_opened: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., ts_closed: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., duration_seconds: _Optional[str] = ..., amount: _Optional[str] = ..., open_amount: _Optional[str] = ..., average_entry: _Optional[str] = ..., average_exit: _Optional[str] = ..., gross_pnl: _Optional[str] = ..., fees: _Optional[str] = ..., pnl: _Optional[str] = ..., mae: _Optional[str] = ..., mfe: _Optional[str] = ..., entry_order_id: _Optional[int] = ..., exit_order_id: _Optional[int] = ..., orders: _Optional[int] = ..., fills: _Optional[int] = ..., ts_opened_recorded: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., opened_trade_row: _Optional[int] = ..., ts_closed_recorded: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., closed_trade_row: _Optional[int] = ...) -> None: ...

class TimelineEvent(_message.Message):
    __slots__ = ("ts", "event", "data", "ts_recorded", "trade_row")
    TS_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    TS_RECORDED_FIELD_NUMBER: _ClassVar[int]
    TRADE_ROW_FIELD_NUMBER: _ClassVar[int]
    ts: _timestamp_pb2.Timestamp
    event: str
    data: _struct_pb2.Struct
    ts_recorded: _timestamp_pb2.Timestamp
    trade_row: int
    def __init__(self, ts: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., event: _Optional[str] = ..., data: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., ts_recorded: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., trade_row: _Optional[int] = ...) -> None: ...

class EquityColumns(_message.Message):
    __slots__ = ("ts", "equity", "drawdown", "position")
    TS_FIELD_NUMBER: _ClassVar[int]
    EQUITY_FIELD_NUMBER: _ClassVar[int]
    DRAWDOWN_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    ts: _containers.RepeatedScalarFieldContainer[int]
    equity: _containers.RepeatedScalarFieldContainer[float]
    drawdown: _containers.RepeatedScalarFieldContainer[float]
    position: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, ts: _Optional[_Iterable[int]] = ..., equity: _Optional[_Iterable[float]] = ..., drawdown: _Optional[_Iterable[float]] = ..., position: _Optional[_Iterable[float]] = ...) -> None: ...

class MarkerColumns(_message.Message):
    __slots__ = ("price_precision", "size_precision", "first_order", "orders", "filled", "side", "ts_first", "ts_last", "price_low", "price_high", "filled_size", "filled_precision")
    PRICE_PRECISION_FIELD_NUMBER: _ClassVar[int]
    SIZE_PRECISION_FIELD_NUMBER: _ClassVar[int]
    FIRST_ORDER_FIELD_NUMBER: _ClassVar[int]
    ORDERS_FIELD_NUMBER: _ClassVar[int]
    FILLED_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    TS_FIRST_FIELD_NUMBER: _ClassVar[int]
    TS_LAST_FIELD_NUMBER: _ClassVar[int]
    PRICE_LOW_FIELD_NUMBER: _ClassVar[int]
    PRICE_HIGH_FIELD_NUMBER: _ClassVar[int]
    FILLED_SIZE_FIELD_NUMBER: _ClassVar[int]
    FILLED_PRECISION_FIELD_NUMBER: _ClassVar[int]
    price_precision: int
    size_precision: int
    first_order: _containers.RepeatedScalarFieldContainer[int]
    orders: _containers.RepeatedScalarFieldContainer[int]
    filled: _containers.RepeatedScalarFieldContainer[int]
    side: _containers.RepeatedScalarFieldContainer[int]
    ts_first: _containers.RepeatedScalarFieldContainer[int]
    ts_last: _containers.RepeatedScalarFieldContainer[int]
    price_low: _containers.RepeatedScalarFieldContainer[int]
    price_high: _containers.RepeatedScalarFieldContainer[int]
    filled_size: _containers.RepeatedScalarFieldContainer[int]
    filled_precision: int
    def __init__(self, price_precision: _Optional[int] = ..., size_precision: _Optional[int] = ..., first_order: _Optional[_Iterable[int]] = ..., orders: _Optional[_Iterable[int]] = ..., filled: _Optional[_Iterable[int]] = ..., side: _Optional[_Iterable[int]] = ..., ts_first: _Optional[_Iterable[int]] = ..., ts_last: _Optional[_Iterable[int]] = ..., price_low: _Optional[_Iterable[int]] = ..., price_high: _Optional[_Iterable[int]] = ..., filled_size: _Optional[_Iterable[int]] = ..., filled_precision: _Optional[int] = ...) -> None: ...
