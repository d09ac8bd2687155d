"""What the columns of a raw file must be: the exchange schema, by data type.

Times are µs since 1970, prices and sizes are doubles or whole numbers, the rest is text. A float32 holds 6 digits,
which few prices fit in, so it is refused rather than guessed at.
"""

from collections.abc import Callable
from datetime import UTC, datetime

import pyarrow as pa

from tickreel.v1 import market_data_pb2

TRADES = market_data_pb2.DATA_TYPE_TRADES
BOOK_SNAPSHOT_5 = market_data_pb2.DATA_TYPE_BOOK_SNAPSHOT_5

# The clock of the recorder, by which a row has its place in the replay.
REPLAY_CLOCK = "local_timestamp"

# Times outside these years are another unit, or no times at all.
EARLIEST = int(datetime(2009, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
LATEST = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _is_text(kind.value_type)
    # A column without a single value is written as null by many tools.
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind)


def _is_time(kind: pa.DataType) -> bool:
    in_utc = pa.types.is_timestamp(kind) and kind.unit == "us" and kind.tz in (None, "UTC", "+00:00")
    return kind == pa.int64() or in_utc


def _is_number(kind: pa.DataType) -> bool:
    return kind == pa.float64() or pa.types.is_integer(kind)


_Kind = tuple[Callable[[pa.DataType], bool], str]
_TEXT: _Kind = (_is_text, "text")
_TIME: _Kind = (_is_time, "int64 microseconds since 1970")
_NUMBER: _Kind = (_is_number, "float64, or whole numbers")

_HEAD: dict[str, _Kind] = {"exchange": _TEXT, "symbol": _TEXT, "timestamp": _TIME, REPLAY_CLOCK: _TIME}
_COLUMNS: dict[market_data_pb2.DataType, dict[str, _Kind]] = {
    TRADES: _HEAD | {"id": _TEXT, "side": _TEXT, "price": _NUMBER, "amount": _NUMBER},
    BOOK_SNAPSHOT_5: _HEAD
    | {f"{side}[{level}].{part}": _NUMBER for level in range(5) for side in ("asks", "bids") for part in ("price", "amount")},
}


def schema_faults(schema: pa.Schema, data_type: market_data_pb2.DataType) -> list[tuple[str, str]]:
    """What keeps a file of this schema from being read, as (code, message); empty where nothing does."""
    columns = _COLUMNS[data_type]
    faults = []
    missing = [name for name in columns if name not in schema.names]
    if missing:
        faults.append(("COLUMNS_MISSING", f"has no column {', '.join(missing)}; it has {', '.join(schema.names) or 'none'}"))
    for name, (fits, wanted) in columns.items():
        if schema.names.count(name) > 1:
            faults.append(("COLUMN_TWICE", f"has {schema.names.count(name)} columns {name}; there must be one"))
        elif name in schema.names and not fits(schema.field(name).type):
            faults.append(("COLUMN_TYPE", f"has the column {name} as {schema.field(name).type}; it must be {wanted}"))
    return faults


def guess_unit(value: int) -> str:
    """What a time that is no µs of a plausible year seems to be."""
    for unit, scale in (("nanoseconds", 1_000), ("milliseconds", 1 / 1_000), ("seconds", 1 / 1_000_000)):
        if EARLIEST <= value / scale < LATEST:
            return f"seems to be {unit}"
    return "is no time of 2009 to 2100 in any unit"
