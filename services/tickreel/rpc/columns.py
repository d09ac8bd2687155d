"""Columns on the wire: chunks of rows, written at memory speed.

A packed fixed-width field has the same bytes on the wire as a length-delimited little-endian array, so a chunk is put
together from array bytes and parsed once, instead of one Python integer a value (CONTRACTS: 0.07 ms instead of 3.8 ms for
32k rows of 5 columns).
"""

import numpy as np
import numpy.typing as npt

from tickreel.v1 import market_data_pb2

# About this many rows make a message of 1 to 3 MB: under gRPC's default limit of 4 MiB.
ROWS_PER_CHUNK = 32_768

Int64 = npt.NDArray[np.int64]

_LENGTH_DELIMITED = 2
_FIELDS = market_data_pb2.TradeColumns.DESCRIPTOR.fields_by_name


def trade_columns(
    *,
    price_precision: int,
    size_precision: int,
    ts_event: Int64,
    ts_init: Int64,
    price: Int64,
    size: Int64,
    side: npt.NDArray[np.uint8],
    trade_id: list[str],
) -> market_data_pb2.TradeColumns:
    """Makes a chunk of trade rows.

    Args:
        ts_event, ts_init: UNIX nanoseconds, shape (rows,).
        price, size: Values times 10 to the power of their precision, shape (rows,).
        side: Values of `AggressorSide`, each a single byte on the wire, shape (rows,).
    """
    packed = b"".join(
        _packed(name, np.ascontiguousarray(values, dtype="<i8").tobytes())
        for name, values in (("ts_event", ts_event), ("ts_init", ts_init), ("price", price), ("size", size))
    )
    packed += _packed("side", np.ascontiguousarray(side, dtype=np.uint8).tobytes())
    columns = market_data_pb2.TradeColumns.FromString(packed)
    columns.price_precision = price_precision
    columns.size_precision = size_precision
    columns.trade_id.extend(trade_id)
    return columns


def _packed(name: str, payload: bytes) -> bytes:
    return _varint(_FIELDS[name].number << 3 | _LENGTH_DELIMITED) + _varint(len(payload)) + payload


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
