"""The figures of a summary as numbers. In the message, decimals are strings."""

from collections.abc import Iterator
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from tickreel.rpc.descriptors import descriptor_of, text_format
from tickreel.rpc.fields import decimal_of
from tickreel.rpc.message_json import enum_text
from tickreel.v1 import text_format_pb2


def figures(message: Message, *, floats: bool) -> dict[str, Any]:
    """Return the fields of a message by their paths, e.g. `statistics.win_rate`.

    Decimals become `Decimal`, or `float` if `floats` is true. Unset fields become None. Enum values become words: long, maker.
    A repeated message becomes a list of such dicts. Other values are returned unchanged.
    """
    return dict(_fields(message, "", floats=floats, is_set=True))


def _fields(message: Message, prefix: str, *, floats: bool, is_set: bool) -> Iterator[tuple[str, Any]]:
    for field in descriptor_of(message).fields:
        path, value, kind = prefix + field.name, getattr(message, field.name), field.message_type
        if field.is_repeated and kind is None:
            yield path, list(value)
        elif field.is_repeated and kind is not None and kind.GetOptions().map_entry:
            yield path, dict(value)
        elif field.is_repeated:
            yield path, [figures(item, floats=floats) for item in value]
        elif kind is not None:
            yield from _fields(value, f"{path}.", floats=floats, is_set=is_set and message.HasField(field.name))
        else:
            known = is_set and (not field.has_presence or message.HasField(field.name))
            yield path, _value(field, value, floats=floats) if known else None


def _value(field: FieldDescriptor, value: Any, *, floats: bool) -> Any:
    if field.enum_type is not None:
        return enum_text(field, value)
    if text_format(field) != text_format_pb2.TEXT_FORMAT_DECIMAL:
        return value
    number = decimal_of(value)
    return float(number) if floats and number is not None else number
