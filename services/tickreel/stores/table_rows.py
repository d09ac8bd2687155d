"""Conversion of table rows to messages of the contract."""

import json
import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import pyarrow as pa
from google.protobuf import struct_pb2, timestamp_pb2
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from tickreel.rpc.descriptors import descriptor_of
from tickreel.rpc.message_json import words
from tickreel.stores.table_text import AVERAGES

_ALIASES = {"order_side": "side", "liquidity_side": "liquidity"}

# An average price has eight more decimals than a price. Trailing zeros of these are not shown, as in orders.json.
_SPARE_ZEROS = re.compile(r"\.?0{1,8}$")


def messages_of[M: Message](kind: type[M], rows: pa.Table) -> list[M]:
    """Return rows as messages. Each field is set from its column (see `column_of`), if there is one."""
    columns = {
        field.name: [convert(value) for value in _values(rows.column(column_of(field.name)))]
        for field, convert in ((field, _converter(field)) for field in descriptor_of(kind).fields)
        if column_of(field.name) in rows.schema.names
    }
    return [
        kind(**{name: value for name, value in zip(columns, row, strict=True) if value is not None})
        for row in zip(*columns.values(), strict=True)
    ]


def column_of(field: str) -> str:
    """Return the name of the column that holds a field. A few fields have the words of another field, as an enum."""
    return _ALIASES.get(field, field)


def _values(column: pa.ChunkedArray) -> Iterable[Any]:
    # As integers, because Python's datetime has no nanoseconds.
    return (column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column).to_pylist()


def _converter(field: FieldDescriptor) -> Callable[[Any], Any]:
    if field.message_type is timestamp_pb2.Timestamp.DESCRIPTOR:
        return _timestamp
    if field.message_type is struct_pb2.Struct.DESCRIPTOR:
        return _struct
    if field.name in AVERAGES:
        return lambda value: None if value is None else _SPARE_ZEROS.sub("", f"{value:f}")
    if field.enum_type is not None:
        numbers = words(field.enum_type)
        # A word that only a later version knows is unset.
        return lambda value: None if value is None else numbers.get(value)
    return lambda value: f"{value:f}" if isinstance(value, Decimal) else value


def _timestamp(time: int | str | None) -> timestamp_pb2.Timestamp | None:
    if time is None:
        return None
    stamp = timestamp_pb2.Timestamp()
    if isinstance(time, str):
        stamp.FromJsonString(time)
    else:
        stamp.FromNanoseconds(time)
    return stamp


def _struct(text: str) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    struct.update(json.loads(text))
    return struct
