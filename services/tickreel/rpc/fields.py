"""The fields of a message that a filter or an order may name, by their paths, each with the kind of its values."""

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

from tickreel.rpc.descriptors import descriptor_of
from tickreel.v1 import text_format_pb2


class Value(Protocol):
    """A value of a field: a str, int, float, bool or Decimal. Only values of the same field are compared.

    Times are UNIX nanoseconds, and enum values are their numbers.
    """

    def __lt__(self, other: Any, /) -> bool: ...
    def __gt__(self, other: Any, /) -> bool: ...


class Kind(enum.Enum):
    """What the values of a field are; the word is that of an error."""

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
    """A field below a message.

    Attributes:
        path: Its names, as a caller writes them: summary.pnl.
        attribute: Its names from the message on: result.summary.pnl.
        type: The values that it can have, where it is of an enum.
    """

    path: str
    attribute: str
    kind: Kind
    type: EnumDescriptor | None = None

    @property
    def getter(self) -> Callable[[Message], Value | None]:
        """Gets the value of the field from a message, None where it has none."""
        get = attrgetter(self.attribute)
        if self.kind is Kind.DECIMAL:
            return lambda message: decimal_of(get(message))
        if self.kind is Kind.TIME:
            return lambda message: _instant(get(message))
        return get

    @property
    def texts(self) -> Callable[[Message], Sequence[str]]:
        """Gets the values of a field with many texts from a message."""
        return attrgetter(self.attribute)


class Fields:
    """The fields below a message.

    Args:
        kind: The message.
        within: The name of a field of it whose own fields are named without it.
    """

    def __init__(self, kind: type[Message], within: str = "") -> None:
        descriptor = descriptor_of(kind)
        self._roots = [(descriptor, "")]
        if within:
            inner = descriptor.fields_by_name[within].message_type
            assert inner is not None
            self._roots.append((inner, f"{within}."))

    def find(self, path: str) -> Field:
        """The field of a path.

        Raises:
            ValueError: There is none, or it has no single value; says so, and what there is.
        """
        first = path.partition(".")[0]
        for descriptor, prefix in self._roots:
            if first in descriptor.fields_by_name:
                return _found(descriptor, path, prefix)
        names = sorted({name for descriptor, _ in self._roots for name in descriptor.fields_by_name})
        raise ValueError(f"{path!r} is no field; there are {', '.join(names)}")


# A list is filtered and sorted by the same texts again, page after page.
@functools.lru_cache(1 << 15)
def decimal_of(text: str) -> Decimal | None:
    """The finite decimal of a text, None where it is none."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def instant_of(text: str) -> int | None:
    """The UNIX nanoseconds of an ISO 8601 time with its zone, None where it is none."""
    stamp = timestamp_pb2.Timestamp()
    try:
        stamp.FromJsonString(text)
    except ValueError:
        return None
    return stamp.ToNanoseconds()


def number_of(text: str) -> int | float | None:
    """The finite number of a text, None where it is none."""
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
            raise ValueError(f"{path!r} is no field; {field.name} has none of its own")
        field = descriptor.fields_by_name.get(name)
        if field is None:
            raise ValueError(f"{path!r} is no field; {descriptor.name} has {', '.join(sorted(descriptor.fields_by_name))}")
        if field.is_repeated and field.type == FieldDescriptor.TYPE_STRING and place == len(names):
            return Field(path, prefix + path, Kind.TEXTS)
        if field.is_repeated:
            raise ValueError(f"{path!r} cannot be compared: {field.name} has many values")
        descriptor = field.message_type
    assert field is not None
    if descriptor is not None and descriptor.full_name == _TIME:
        return Field(path, prefix + path, Kind.TIME)
    if descriptor is not None:
        raise ValueError(f"{path!r} has fields of its own; name one of {', '.join(sorted(descriptor.fields_by_name))}")
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING and field.type == FieldDescriptor.TYPE_STRING:
        # The generated stub gives extensions the type of ordinary fields.
        text_format: text_format_pb2.TextFormat = field.GetOptions().Extensions[text_format_pb2.text_format]  # type: ignore[index]
        return Field(path, prefix + path, _TEXTS[text_format])
    if field.cpp_type not in _KINDS:
        raise ValueError(f"{path!r} cannot be compared: it is bytes")
    return Field(path, prefix + path, _KINDS[field.cpp_type], field.enum_type)


def _instant(time: timestamp_pb2.Timestamp | str) -> int | None:
    """A time that was never set is none: no market was open in 1970."""
    if isinstance(time, str):
        return instant_of(time)
    return time.seconds * 1_000_000_000 + time.nanos or None
