"""What the columns of a raw file must be, by data type: as exchanges' data is recorded, or as the engine names things.

Real files say the same thing in many types: text may be coded in a dictionary, a price may be a double, a whole number
or a decimal, a time may count milliseconds, microseconds or nanoseconds. What is taken is taken exactly. A float32
holds 6 digits, which few prices fit in, so it is refused rather than guessed at.

The engine writes books in two forms: version 2 has a list of levels a side (OrderBookDepth), version 1 has a column for
each value of each level (OrderBookDepth10). Version 1 has prices and sizes as raw integers in fixed_size_binary; before that,
they were plain integers, which no type tells from whole numbers, so those are refused where the file says who wrote it.
"""

import itertools
import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime

import pyarrow as pa

from tickreel.v1 import conversion_pb2, market_data_pb2

TRADES = market_data_pb2.DATA_TYPE_TRADES
BOOK_SNAPSHOT_5 = market_data_pb2.DATA_TYPE_BOOK_SNAPSHOT_5

EXCHANGE = conversion_pb2.RAW_SCHEMA_EXCHANGE
ENGINE = conversion_pb2.RAW_SCHEMA_ENGINE

# The clock of the recorder, by which a row has its place in the replay.
REPLAY_CLOCKS = {EXCHANGE: "local_timestamp", ENGINE: "ts_init"}

# The most columns that a message names.
_MOST_NAMED = 50
# How many levels a book snapshot has on each side.
LEVELS = 5

# How many nanoseconds a unit has, and what it is called.
NANOSECONDS: dict[conversion_pb2.TimeUnit, int] = {
    conversion_pb2.TIME_UNIT_MILLISECONDS: 1_000_000,
    conversion_pb2.TIME_UNIT_MICROSECONDS: 1_000,
    conversion_pb2.TIME_UNIT_NANOSECONDS: 1,
}
UNIT_WORDS: dict[conversion_pb2.TimeUnit, str] = {
    conversion_pb2.TIME_UNIT_MILLISECONDS: "milliseconds",
    conversion_pb2.TIME_UNIT_MICROSECONDS: "microseconds",
    conversion_pb2.TIME_UNIT_NANOSECONDS: "nanoseconds",
}
_TIMESTAMP_UNITS = dict(zip(("ms", "us", "ns"), NANOSECONDS, strict=True))

# The instants that are times at all: the years 2009 to 2099. They are so few that no number is a time in two units.
PLAUSIBLE = range(*(int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000_000 for year in (2009, 2100)))


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _is_text(kind.value_type)
    # A column without a single value is written as null by many tools.
    plain = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    return plain or pa.types.is_null(kind)


def _is_text_or_whole(kind: pa.DataType) -> bool:
    return _is_text(kind) or pa.types.is_integer(kind)


def _is_time(kind: pa.DataType) -> bool:
    return kind in (pa.int64(), pa.uint64()) or (pa.types.is_timestamp(kind) and kind.unit in _TIMESTAMP_UNITS)


def _is_number(kind: pa.DataType) -> bool:
    return kind == pa.float64() or pa.types.is_integer(kind) or pa.types.is_decimal(kind)


def _is_engine_number(kind: pa.DataType) -> bool:
    return _is_number(kind) or kind in RAW_INTEGERS


def _is_engine_level(kind: pa.DataType) -> bool:
    return _is_level(kind) or kind in RAW_INTEGERS


def _is_levels(kind: pa.DataType) -> bool:
    if not (pa.types.is_list(kind) or pa.types.is_large_list(kind)) or not pa.types.is_struct(kind.value_type):
        return False
    fields = {part: kind.value_type.get_all_field_indices(part) for part in ("price", "size")}
    return all(len(at) == 1 and _is_engine_level(kind.value_type.field(at[0]).type) for at in fields.values())


def _is_level(kind: pa.DataType) -> bool:
    # A level that no book of the day reaches is a column without a single value.
    return _is_number(kind) or pa.types.is_null(kind)


# Prices and sizes of version 1 of the engine, by the decimals that they are at.
RAW_INTEGERS = {pa.binary(8): pa.decimal64(18, 9), pa.binary(16): pa.decimal128(38, 16)}

_Kind = tuple[Callable[[pa.DataType], bool], str]
_NUMBERS = "float64, or whole numbers, or decimals"
_TEXT: _Kind = (_is_text, "text")
_ID: _Kind = (_is_text_or_whole, "text, or whole numbers")
_SIDE: _Kind = (_is_text_or_whole, "text, or the whole numbers 0 (none), 1 (buyer) and 2 (seller)")
_TIME: _Kind = (_is_time, "int64 milliseconds, microseconds or nanoseconds since 1970, or a timestamp")
_NUMBER: _Kind = (_is_number, _NUMBERS)
_LEVEL: _Kind = (_is_level, _NUMBERS)
_ENGINE_NUMBERS = f"{_NUMBERS}, or the engine's raw integers (fixed_size_binary of 8 or 16 bytes)"
_ENGINE_NUMBER: _Kind = (_is_engine_number, _ENGINE_NUMBERS)
_ENGINE_LEVEL: _Kind = (_is_engine_level, _ENGINE_NUMBERS)
_ENGINE_LEVELS: _Kind = (_is_levels, f"a list of structs with a price and a size, each {_ENGINE_NUMBERS}")

_HEAD: dict[str, _Kind] = {"exchange": _TEXT, "symbol": _TEXT, "timestamp": _TIME, REPLAY_CLOCKS[EXCHANGE]: _TIME}
_EXCHANGE_TRADES = _HEAD | {"id": _ID, "side": _SIDE, "price": _NUMBER, "amount": _NUMBER}
_ENGINE_TRADES: dict[str, _Kind] = {
    "ts_event": _TIME,
    REPLAY_CLOCKS[ENGINE]: _TIME,
    "price": _ENGINE_NUMBER,
    "size": _ENGINE_NUMBER,
    "aggressor_side": _SIDE,
    "trade_id": _ID,
}
_ENGINE_TIMES: dict[str, _Kind] = {"ts_event": _TIME, REPLAY_CLOCKS[ENGINE]: _TIME}
_FLAT_LEVEL = re.compile(r"(bid|ask)_(price|size)_\d+", re.ASCII)
_FLAT_BEST = tuple(f"{side}_{part}_0" for side in ("bid", "ask") for part in ("price", "size"))
# What the engine adds to its files; where it does, whole numbers are raw integers.
_ENGINE_METADATA = b"price_precision"


def raw_schema_of(names: Collection[str]) -> conversion_pb2.RawSchema:
    """What columns of these names are taken for: their replay clock says it, and the exchange's is looked for first."""
    return ENGINE if REPLAY_CLOCKS[ENGINE] in names and REPLAY_CLOCKS[EXCHANGE] not in names else EXCHANGE


def level_columns(names: Collection[str], side: str) -> list[tuple[str, str]]:
    """The columns of price and size of each level of a side, the best first; none where a side is one column of lists.

    Args:
        names: The columns of a file of books.
        side: "bids" or "asks".
    """
    if raw_schema_of(names) == EXCHANGE:
        price, size = f"{side}[{{0}}].price", f"{side}[{{0}}].amount"
    elif any(name in names for name in _FLAT_BEST):
        word = side.removesuffix("s")
        price, size = f"{word}_price_{{0}}", f"{word}_size_{{0}}"
    else:
        return []
    levels = ((price.format(level), size.format(level)) for level in itertools.count())
    # A file may have more levels; a level is there where one of its columns is.
    wanted, there = [next(levels) for _ in range(LEVELS)], set(names)
    return wanted + list(itertools.takewhile(lambda level: not there.isdisjoint(level), levels))


def _columns_of(names: Collection[str], data_type: market_data_pb2.DataType) -> dict[str, _Kind]:
    engine = raw_schema_of(names) == ENGINE
    if data_type == TRADES:
        return _ENGINE_TRADES if engine else _EXCHANGE_TRADES
    kind = _ENGINE_LEVEL if engine else _LEVEL
    levels = {name: kind for side in ("asks", "bids") for pair in level_columns(names, side) for name in pair}
    return (_ENGINE_TIMES if engine else _HEAD) | (levels or {"bids": _ENGINE_LEVELS, "asks": _ENGINE_LEVELS})


def schema_faults(schema: pa.Schema, data_type: market_data_pb2.DataType) -> list[tuple[str, str]]:
    """What keeps a file of this schema from being read, as (code, message); empty where nothing does."""
    names = schema.names
    columns, times = _columns_of(names, data_type), Counter(names)
    raw_integers = raw_schema_of(schema.names) == ENGINE and _ENGINE_METADATA in (schema.metadata or {})
    faults = []
    missing = [name for name in columns if name not in times]
    if missing:
        faults.append(("COLUMNS_MISSING", f"has no column {', '.join(missing)}; it has {_some(names)}"))
    for name, (fits, wanted) in columns.items():
        if times[name] > 1:
            faults.append(("COLUMN_TWICE", f"has {times[name]} columns {name}; there must be one"))
        elif name in times and not fits(schema.field(name).type):
            faults.append(("COLUMN_TYPE", f"has the column {name} as {schema.field(name).type}; it must be {wanted}"))
        elif name in times and raw_integers and _is_raw_integer(name, schema.field(name).type):
            problem = "which the engine wrote as raw integers of a scale that it does not state; write it as decimals"
            faults.append(("COLUMN_TYPE", f"has the column {name} as {schema.field(name).type}, {problem}"))
    return faults


def _some(names: Sequence[str]) -> str:
    rest = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return (", ".join(names[:_MOST_NAMED]) or "none") + rest


def _is_raw_integer(name: str, kind: pa.DataType) -> bool:
    """Whether a column of a file of the engine has integers that are no whole numbers."""
    return pa.types.is_integer(kind) and (name in ("price", "size") or _FLAT_LEVEL.fullmatch(name) is not None)


def unit_of(low: int, high: int, kind: pa.DataType) -> conversion_pb2.TimeUnit | None:
    """The unit of a column of times: of its type where that says, of its values where they are numbers.

    Args:
        low, high: Its least and greatest value, as whole numbers.
        kind: Its type.

    Returns:
        None where the values are not all times of one unit.
    """
    return next((unit for unit in possible_units(kind) if _is_time_in(unit, low) and _is_time_in(unit, high)), None)


def possible_units(kind: pa.DataType) -> list[conversion_pb2.TimeUnit]:
    """The units that a column of times may have by its type."""
    return [_TIMESTAMP_UNITS[kind.unit]] if pa.types.is_timestamp(kind) else list(NANOSECONDS)


def guess_unit(value: int) -> str:
    """What a time that does not fit seems to be."""
    for unit, word in UNIT_WORDS.items():
        if _is_time_in(unit, value):
            return f"seems to be {word}"
    if value * 1_000_000_000 in PLAUSIBLE:
        return "seems to be seconds"
    return "is no time of 2009 to 2100 in any unit"


def _is_time_in(unit: conversion_pb2.TimeUnit, value: int) -> bool:
    return value * NANOSECONDS[unit] in PLAUSIBLE
