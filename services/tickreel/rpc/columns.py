"""Columns on the wire: chunks of rows, written at memory speed.

A packed fixed-width field has the same bytes on the wire as a length-delimited little-endian array, so a chunk is put
together from array bytes and parsed once, instead of one Python integer a value (CONTRACTS: 0.07 ms instead of 3.8 ms for
32k rows of 5 columns).
"""

from typing import Any

import numpy as np
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

# About this many rows make a message of 1 to 3 MB: under gRPC's default limit of 4 MiB.
ROWS_PER_CHUNK = 32_768

_LENGTH_DELIMITED = 2
# An enum of fewer than 128 values is a single byte on the wire.
_DTYPES = {FieldDescriptor.TYPE_SFIXED64: "<i8", FieldDescriptor.TYPE_DOUBLE: "<f8", FieldDescriptor.TYPE_ENUM: "u1"}


def make_columns[M: Message](kind: type[M], **fields: Any) -> M:
    """Makes a message of columns.

    Args:
        fields: Its fields by name. Arrays, shape (rows,), are taken by their bytes, for fields of 64-bit integers, of doubles,
            and of enums; anything else is set as protobuf itself does.
    """
    packed, others = [], {}
    for name, values in fields.items():
        if isinstance(values, np.ndarray):
            field = kind.DESCRIPTOR.fields_by_name[name]
            payload = np.ascontiguousarray(values, dtype=_DTYPES[field.type]).tobytes()
            packed += [_varint(field.number << 3 | _LENGTH_DELIMITED), _varint(len(payload)), payload]
        else:
            others[name] = values
    message = kind(**others)
    message.MergeFromString(b"".join(packed))
    return message


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
