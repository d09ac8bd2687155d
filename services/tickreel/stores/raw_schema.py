"""The raw schemas: required columns of a raw file and their types, by data type.

There are two: the schema of recorded exchange data, and the schema of the engine's own files.

Real files store the same values in many types. Text may be dictionary-encoded; a price may be a double, a whole number or a
decimal; a time may count milliseconds, microseconds or nanoseconds. A type is accepted only if its values are read exactly.
A float32 holds 6 digits, too few for most prices, so it is refused.

The engine writes books in two forms. Version 2 has one list of levels for each side (OrderBookDepth). Version 1 has one column
for each value of each level (OrderBookDepth10), with prices and sizes as raw integers in fixed_size_binary. Earlier files of
version 1 have raw integers in plain integer columns, which look like whole numbers. Those are refused if the file's metadata
shows that the engine wrote it.
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

# The column of each schema with the recorder's clock, which orders the rows of a replay.
REPLAY_CLOCKS = {EXCHANGE: "local_timestamp", ENGINE: "ts_init"}

# Limit of the columns that a message names.
_MAX_NAMED = 50
# Levels of a book snapshot on each side.
LEVELS = 5

# Nanoseconds in each unit, and its name.
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

# Plausible times, in nanoseconds: the years 2009 to 2099. The range is narrow enough that no number is a time in two units.
PLAUSIBLE = range(*(int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000_000 for year in (2009, 2100)))


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _is_text(kind.value_type)
    # Many tools write a column without values as null.
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
    # A level that no book of the day reaches is a column without values.
    return _is_number(kind) or pa.types.is_null(kind)


# Types of the engine's raw integers (version 1), and the decimals that they represent.
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
# Metadata key of files that the engine wrote. In such files, whole numbers are raw integers.
_ENGINE_METADATA = b"price_precision"


def raw_schema_of(names: Collection[str]) -> conversion_pb2.RawSchema:
    """Return the schema that columns of these names belong to, by their replay clock; the exchange's clock has priority."""
    return ENGINE if REPLAY_CLOCKS[ENGINE] in names and REPLAY_CLOCKS[EXCHANGE] not in names else EXCHANGE


def level_columns(names: Collection[str], side: str) -> list[tuple[str, str]]:
    """Return the names of the price and size columns of each level of a side, the best level first.

    The list is empty if a side is one column of lists. A level counts as present if one of its columns is; the first LEVELS
    levels are always returned.

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
    """Return the reasons why a file of this schema cannot be read, as (code, message)."""
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
            problem = "which the engine wrote as raw integers without their scale; write it as decimals"
            faults.append(("COLUMN_TYPE", f"has the column {name} as {schema.field(name).type}, {problem}"))
    return faults


def _some(names: Sequence[str]) -> str:
    rest = f" and {len(names) - _MAX_NAMED} more" if len(names) > _MAX_NAMED else ""
    return (", ".join(names[:_MAX_NAMED]) or "none") + rest


def _is_raw_integer(name: str, kind: pa.DataType) -> bool:
    """Return whether a column of an engine file has raw integers, which are not whole numbers."""
    return pa.types.is_integer(kind) and (name in ("price", "size") or _FLAT_LEVEL.fullmatch(name) is not None)


def unit_of(low: int, high: int, kind: pa.DataType) -> conversion_pb2.TimeUnit | None:
    """Return the unit of a column of times: from its type if that is a timestamp, else from its values.

    Args:
        low, high: The column's least and greatest value, as whole numbers.
        kind: The column's type.

    Returns:
        The unit; None if the values are not all times of one unit.
    """
    return next((unit for unit in possible_units(kind) if _is_time_in(unit, low) and _is_time_in(unit, high)), None)


def possible_units(kind: pa.DataType) -> list[conversion_pb2.TimeUnit]:
    """Return the units that a column of times of this type may have."""
    return [_TIMESTAMP_UNITS[kind.unit]] if pa.types.is_timestamp(kind) else list(NANOSECONDS)


def guess_unit(value: int) -> str:
    """Return a guess at the unit of a time that does not fit, as the end of a sentence."""
    for unit, word in UNIT_WORDS.items():
        if _is_time_in(unit, value):
            return f"seems to be {word}"
    if value * 1_000_000_000 in PLAUSIBLE:
        return "seems to be seconds"
    return "is not a time of 2009 to 2099 in any unit"


def _is_time_in(unit: conversion_pb2.TimeUnit, value: int) -> bool:
    return value * NANOSECONDS[unit] in PLAUSIBLE
