"""Fields of a message that a filter or an order can name, with the kinds of their values."""

import enum
import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from operator import attrgetter
from typing import Any, Protocol

from google.protobuf import timestamp_pb2
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message

from tickreel.rpc.descriptors import descriptor_of, text_format
from tickreel.v1 import text_format_pb2


class Value(Protocol):
    """A value of a field: a str, int, float, bool or Decimal. Only values of the same field are compared.

    Times are UNIX nanoseconds, and enum values are their numbers.
    """

    def __lt__(self, other: Any, /) -> bool: ...
    def __gt__(self, other: Any, /) -> bool: ...


class Kind(enum.Enum):
    """The kind of the values of a field. The text is used in errors."""

    TEXT = "text"
    TEXTS = "texts"
    NUMBER = "a number"
    DECIMAL = "a decimal"
    TIME = "a time"
    BOOL = "true or false"
    ENUM = "one of"


_KINDS = {
    FieldDescriptor.CPPTYPE_INT32: Kind.NUMBER,
    FieldDescriptor.CPPTYPE_INT64: Kind.NUMBER,
    FieldDescriptor.CPPTYPE_UINT32: Kind.NUMBER,
    FieldDescriptor.CPPTYPE_UINT64: Kind.NUMBER,
    FieldDescriptor.CPPTYPE_DOUBLE: Kind.NUMBER,
    FieldDescriptor.CPPTYPE_FLOAT: Kind.NUMBER,
    FieldDescriptor.CPPTYPE_BOOL: Kind.BOOL,
    FieldDescriptor.CPPTYPE_ENUM: Kind.ENUM,
}
_TEXTS = {
    text_format_pb2.TEXT_FORMAT_UNSPECIFIED: Kind.TEXT,
    text_format_pb2.TEXT_FORMAT_DECIMAL: Kind.DECIMAL,
    text_format_pb2.TEXT_FORMAT_TIME: Kind.TIME,
}
_TIME = timestamp_pb2.Timestamp.DESCRIPTOR.full_name


@dataclass(frozen=True)
class Field:
    """A field in a message or in its nested messages.

    Attributes:
        path: The path as a caller writes it: summary.pnl.
        attribute: The path from the root message: result.summary.pnl.
        type: The enum, if the field has one.
    """

    path: str
    attribute: str
    kind: Kind
    type: EnumDescriptor | None = None

    @property
    def getter(self) -> Callable[[Message], Value | None]:
        """Function that returns the value of the field in a message, or None if it is unset."""
        get = attrgetter(self.attribute)
        if self.kind is Kind.DECIMAL:
            return lambda message: decimal_of(get(message))
        if self.kind is Kind.TIME:
            return lambda message: _instant(get(message))
        return get

    @property
    def texts(self) -> Callable[[Message], Sequence[str]]:
        """Function that returns the values of a repeated field of texts."""
        return attrgetter(self.attribute)


class Fields:
    """The fields of a message type that a path can name.

    Args:
        kind: The message type.
        within: A message field whose own fields can be named without its name.
    """

    def __init__(self, kind: type[Message], within: str = "") -> None:
        descriptor = descriptor_of(kind)
        self._roots = [(descriptor, "")]
        if within:
            inner = descriptor.fields_by_name[within].message_type
            assert inner is not None
            self._roots.append((inner, f"{within}."))

    def find(self, path: str) -> Field:
        """Return the field with a path.

        Raises:
            ValueError: The field does not exist or cannot be compared. The message names the fields that exist.
        """
        first = path.partition(".")[0]
        for descriptor, prefix in self._roots:
            if first in descriptor.fields_by_name:
                return _found(descriptor, path, prefix)
        names = sorted({name for descriptor, _ in self._roots for name in descriptor.fields_by_name})
        raise ValueError(f"{path!r} is not a field; the fields are {', '.join(names)}")


# Every page of a list filters and sorts by the same texts.
@functools.lru_cache(1 << 15)
def decimal_of(text: str) -> Decimal | None:
    """Parse a finite decimal; return None for any other text."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def instant_of(text: str) -> int | None:
    """Parse an ISO 8601 time with a zone to UNIX nanoseconds; return None for any other text."""
    stamp = timestamp_pb2.Timestamp()
    try:
        stamp.FromJsonString(text)
    except ValueError:
        return None
    return stamp.ToNanoseconds()


def number_of(text: str) -> int | float | None:
    """Parse a finite number; return None for any other text."""
    try:
        return int(text)
    except ValueError:
        value = decimal_of(text)
        return float(value) if value is not None and math.isfinite(float(value)) else None


def _found(root: Descriptor, path: str, prefix: str) -> Field:
    descriptor: Descriptor | None = root
    field, names = None, path.split(".")
    for place, name in enumerate(names, 1):
        if descriptor is None:
            assert field is not None
            raise ValueError(f"{path!r} is not a field; {field.name} has no fields")
        field = descriptor.fields_by_name.get(name)
        if field is None:
            known = ", ".join(sorted(descriptor.fields_by_name))
            raise ValueError(f"{path!r} is not a field; the fields of {descriptor.name} are {known}")
        if field.is_repeated and field.type == FieldDescriptor.TYPE_STRING and place == len(names):
            return Field(path, prefix + path, Kind.TEXTS)
        if field.is_repeated:
            raise ValueError(f"{path!r} cannot be compared: {field.name} has many values")
        descriptor = field.message_type
    assert field is not None
    if descriptor is not None and descriptor.full_name == _TIME:
        return Field(path, prefix + path, Kind.TIME)
    if descriptor is not None:
        raise ValueError(f"{path!r} is a message; name one of its fields: {', '.join(sorted(descriptor.fields_by_name))}")
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING and field.type == FieldDescriptor.TYPE_STRING:
        return Field(path, prefix + path, _TEXTS[text_format(field)])
    if field.cpp_type not in _KINDS:
        raise ValueError(f"{path!r} cannot be compared: it is bytes")
    return Field(path, prefix + path, _KINDS[field.cpp_type], field.enum_type)


def _instant(time: timestamp_pb2.Timestamp | str) -> int | None:
    """Return UNIX nanoseconds, or None for an unset time. Time 0 counts as unset: no market was open in 1970."""
    if isinstance(time, str):
        return instant_of(time)
    return time.seconds * 1_000_000_000 + time.nanos or None
