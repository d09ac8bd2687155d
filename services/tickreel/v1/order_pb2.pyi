from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from typing import ClassVar as _ClassVar

DESCRIPTOR: _descriptor.FileDescriptor

class OrderSide(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ORDER_SIDE_UNSPECIFIED: _ClassVar[OrderSide]
    ORDER_SIDE_BUY: _ClassVar[OrderSide]
    ORDER_SIDE_SELL: _ClassVar[OrderSide]

class OrderType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ORDER_TYPE_UNSPECIFIED: _ClassVar[OrderType]
    ORDER_TYPE_MARKET: _ClassVar[OrderType]
    ORDER_TYPE_LIMIT: _ClassVar[OrderType]
    ORDER_TYPE_STOP_MARKET: _ClassVar[OrderType]
    ORDER_TYPE_STOP_LIMIT: _ClassVar[OrderType]
    ORDER_TYPE_MARKET_TO_LIMIT: _ClassVar[OrderType]
    ORDER_TYPE_MARKET_IF_TOUCHED: _ClassVar[OrderType]
    ORDER_TYPE_LIMIT_IF_TOUCHED: _ClassVar[OrderType]
    ORDER_TYPE_TRAILING_STOP_MARKET: _ClassVar[OrderType]
    ORDER_TYPE_TRAILING_STOP_LIMIT: _ClassVar[OrderType]

class TimeInForce(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TIME_IN_FORCE_UNSPECIFIED: _ClassVar[TimeInForce]
    TIME_IN_FORCE_GTC: _ClassVar[TimeInForce]
    TIME_IN_FORCE_IOC: _ClassVar[TimeInForce]
    TIME_IN_FORCE_FOK: _ClassVar[TimeInForce]
    TIME_IN_FORCE_GTD: _ClassVar[TimeInForce]
    TIME_IN_FORCE_DAY: _ClassVar[TimeInForce]
    TIME_IN_FORCE_AT_THE_OPEN: _ClassVar[TimeInForce]
    TIME_IN_FORCE_AT_THE_CLOSE: _ClassVar[TimeInForce]

class OrderStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ORDER_STATUS_UNSPECIFIED: _ClassVar[OrderStatus]
    ORDER_STATUS_FILLED: _ClassVar[OrderStatus]
    ORDER_STATUS_PARTIALLY_FILLED: _ClassVar[OrderStatus]
    ORDER_STATUS_CANCELLED: _ClassVar[OrderStatus]
    ORDER_STATUS_DENIED: _ClassVar[OrderStatus]
    ORDER_STATUS_REJECTED: _ClassVar[OrderStatus]
    ORDER_STATUS_EXPIRED: _ClassVar[OrderStatus]
    ORDER_STATUS_OPEN: _ClassVar[OrderStatus]
    ORDER_STATUS_IN_FLIGHT: _ClassVar[OrderStatus]
    ORDER_STATUS_EMULATED: _ClassVar[OrderStatus]

class OrderUpdateKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ORDER_UPDATE_KIND_UNSPECIFIED: _ClassVar[OrderUpdateKind]
    ORDER_UPDATE_KIND_INITIALIZED: _ClassVar[OrderUpdateKind]
    ORDER_UPDATE_KIND_DENIED: _ClassVar[OrderUpdateKind]
    ORDER_UPDATE_KIND_EMULATED: _ClassVar[OrderUpdateKind]
    ORDER_UPDATE_KIND_RELEASED: _ClassVar[OrderUpdateKind]
    ORDER_UPDATE_KIND_SUBMITTED: _ClassVar[OrderUpdateKind]
    ORDER_UPDATE_KIND_ACCEPTED: _ClassVar[OrderUpdateKind]
    ORDER_UPDATE_KIND_REJECTED: _ClassVar[OrderUpdateKind]
    ORDER_UPDATE_KIND_TRIGGERED: _ClassVar[OrderUpdateKind]
    ORDER_UPDATE_KIND_PENDING_UPDATE: _ClassVar[OrderUpdateKind]
    ORDER_UPDATE_KIND_UPDATED: _ClassVar[OrderUpdateKind]
    ORDER_UPDATE_KIND_MODIFY_REJECTED: _ClassVar[OrderUpdateKind]
    ORDER_UPDATE_KIND_PENDING_CANCEL: _ClassVar[OrderUpdateKind]
    ORDER_UPDATE_KIND_CANCEL_REJECTED: _ClassVar[OrderUpdateKind]
    ORDER_UPDATE_KIND_CANCELLED: _ClassVar[OrderUpdateKind]
    ORDER_UPDATE_KIND_EXPIRED: _ClassVar[OrderUpdateKind]
ORDER_SIDE_UNSPECIFIED: OrderSide
ORDER_SIDE_BUY: OrderSide
ORDER_SIDE_SELL: OrderSide
ORDER_TYPE_UNSPECIFIED: OrderType
ORDER_TYPE_MARKET: OrderType
ORDER_TYPE_LIMIT: OrderType
ORDER_TYPE_STOP_MARKET: OrderType
ORDER_TYPE_STOP_LIMIT: OrderType
ORDER_TYPE_MARKET_TO_LIMIT: OrderType
ORDER_TYPE_MARKET_IF_TOUCHED: OrderType
ORDER_TYPE_LIMIT_IF_TOUCHED: OrderType
ORDER_TYPE_TRAILING_STOP_MARKET: OrderType
ORDER_TYPE_TRAILING_STOP_LIMIT: OrderType
TIME_IN_FORCE_UNSPECIFIED: TimeInForce
TIME_IN_FORCE_GTC: TimeInForce
TIME_IN_FORCE_IOC: TimeInForce
TIME_IN_FORCE_FOK: TimeInForce
TIME_IN_FORCE_GTD: TimeInForce
TIME_IN_FORCE_DAY: TimeInForce
TIME_IN_FORCE_AT_THE_OPEN: TimeInForce
TIME_IN_FORCE_AT_THE_CLOSE: TimeInForce
ORDER_STATUS_UNSPECIFIED: OrderStatus
ORDER_STATUS_FILLED: OrderStatus
ORDER_STATUS_PARTIALLY_FILLED: OrderStatus
ORDER_STATUS_CANCELLED: OrderStatus
ORDER_STATUS_DENIED: OrderStatus
ORDER_STATUS_REJECTED: OrderStatus
ORDER_STATUS_EXPIRED: OrderStatus
ORDER_STATUS_OPEN: OrderStatus
ORDER_STATUS_IN_FLIGHT: OrderStatus
ORDER_STATUS_EMULATED: OrderStatus
ORDER_UPDATE_KIND_UNSPECIFIED: OrderUpdateKind
ORDER_UPDATE_KIND_INITIALIZED: OrderUpdateKind
ORDER_UPDATE_KIND_DENIED: OrderUpdateKind
ORDER_UPDATE_KIND_EMULATED: OrderUpdateKind
ORDER_UPDATE_KIND_RELEASED: OrderUpdateKind
ORDER_UPDATE_KIND_SUBMITTED: OrderUpdateKind
ORDER_UPDATE_KIND_ACCEPTED: OrderUpdateKind
ORDER_UPDATE_KIND_REJECTED: OrderUpdateKind
ORDER_UPDATE_KIND_TRIGGERED: OrderUpdateKind
ORDER_UPDATE_KIND_PENDING_UPDATE: OrderUpdateKind
ORDER_UPDATE_KIND_UPDATED: OrderUpdateKind
ORDER_UPDATE_KIND_MODIFY_REJECTED: OrderUpdateKind
ORDER_UPDATE_KIND_PENDING_CANCEL: OrderUpdateKind
ORDER_UPDATE_KIND_CANCEL_REJECTED: OrderUpdateKind
ORDER_UPDATE_KIND_CANCELLED: OrderUpdateKind
ORDER_UPDATE_KIND_EXPIRED: OrderUpdateKind
