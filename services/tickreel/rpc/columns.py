"""Fast serialisation of messages of columns.

On the wire, a packed fixed-width field is a length-delimited little-endian array. A message of columns is therefore built from
the bytes of its arrays, without a Python integer per value: 0.07 ms instead of 3.8 ms for 32k rows of 5 columns. Streams send
these bytes directly, because parsing them into a message and serialising it again would take most of the time.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

# A message of this many rows has 1 to 3 MB, below gRPC's default limit of 4 MiB.
ROWS_PER_CHUNK = 32_768

_LENGTH_DELIMITED = 2
# On the wire, a value of an enum with fewer than 128 values is one byte.
_DTYPES = {FieldDescriptor.TYPE_SFIXED64: "<i8", FieldDescriptor.TYPE_DOUBLE: "<f8", FieldDescriptor.TYPE_ENUM: "u1"}


@dataclass(frozen=True)
class Wire:
    """A serialised message as a sequence of parts, so that nested messages are copied only once."""

    parts: tuple[bytes | npt.NDArray[np.uint8], ...]

    @property
    def content(self) -> bytes:
        """The serialised message."""
        return b"".join(self.parts)

    def joined(self) -> "Wire":
        """Return the same message as one part, which keeps no array alive."""
        return Wire((self.content,))


def wire_of(kind: type[Message], **fields: Any) -> Wire:
    """Serialise a message.

    Args:
        fields: The fields by name. An array of shape (rows,) is the value of a repeated field of 64-bit integers, doubles or
            enums. A `Wire` is the value of a message field. All other values are set by protobuf itself.
    """
    parts: list[bytes | npt.NDArray[np.uint8]] = []
    others = {}
    for name, values in fields.items():
        field = kind.DESCRIPTOR.fields_by_name[name]
        if isinstance(values, np.ndarray):
            payload: tuple[bytes | npt.NDArray[np.uint8], ...] = (
                np.ascontiguousarray(values, dtype=_DTYPES[field.type]).view(np.uint8),
            )
        elif isinstance(values, Wire):
            payload = values.parts
        else:
            others[name] = values
            continue
        parts += [_varint(field.number << 3 | _LENGTH_DELIMITED) + _varint(sum(map(len, payload))), *payload]
    return Wire((kind(**others).SerializeToString(), *parts))


def make_columns[M: Message](kind: type[M], **fields: Any) -> M:
    """Make a message from the same fields as `wire_of`."""
    return kind.FromString(wire_of(kind, **fields).content)


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
