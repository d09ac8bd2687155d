from typing import Literal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings import NOON, books, engine_trades, trades
from tickreel.stores.raw_schema import (
    BOOK_SNAPSHOT_5,
    ENGINE,
    EXCHANGE,
    NANOSECONDS,
    PLAUSIBLE,
    TRADES,
    guess_unit,
    possible_units,
    raw_schema_of,
    schema_faults,
    unit_of,
)
from tickreel.v1.conversion_pb2 import TIME_UNIT_MICROSECONDS, TIME_UNIT_MILLISECONDS, TIME_UNIT_NANOSECONDS, TimeUnit
from tickreel.v1.market_data_pb2 import DataType

SECONDS = NOON // 1_000_000
INT = pa.int64()


@pytest.mark.parametrize(("table", "data_type"), [(trades(1), TRADES), (engine_trades(1), TRADES), (books(1), BOOK_SNAPSHOT_5)])
def test_a_file_in_a_schema_has_no_fault(table: pa.Table, data_type: DataType) -> None:
    assert schema_faults(table.schema, data_type) == []


def test_the_replay_clock_decides_the_schema() -> None:
    assert raw_schema_of(trades(1).column_names) == EXCHANGE
    assert raw_schema_of(engine_trades(1).column_names) == ENGINE
    assert raw_schema_of([*engine_trades(1).column_names, "local_timestamp"]) == EXCHANGE
    assert raw_schema_of(["price"]) == EXCHANGE


def test_missing_columns_are_those_of_the_schema_of_the_clock() -> None:
    (fault,) = schema_faults(engine_trades(1).drop_columns(["trade_id", "size"]).schema, TRADES)
    assert fault == ("COLUMNS_MISSING", "has no column size, trade_id; it has ts_event, ts_init, price, aggressor_side")
    (fault,) = schema_faults(books(1).drop_columns(["bids[4].amount"]).schema, BOOK_SNAPSHOT_5)
    assert fault[1].startswith("has no column bids[4].amount; it has exchange")


@pytest.mark.parametrize("kind", [pa.decimal32(5, 2), pa.decimal64(9), pa.decimal128(38, 18), pa.decimal256(76), pa.uint8()])
def test_prices_may_have_many_numeric_types(kind: pa.DataType) -> None:
    for table, data_type, name in ((trades(1), TRADES, "price"), (books(1), BOOK_SNAPSHOT_5, "asks[0].price")):
        assert schema_faults(_with(table, name, kind), data_type) == []


@pytest.mark.parametrize(
    ("name", "kind", "wanted"),
    [
        ("price", pa.float32(), "float64, or whole numbers, or decimals"),
        ("price", pa.null(), "float64, or whole numbers, or decimals"),
        ("amount", pa.string(), "float64, or whole numbers, or decimals"),
        ("timestamp", pa.float64(), "int64 milliseconds, microseconds or nanoseconds since 1970, or a timestamp"),
        ("timestamp", pa.timestamp("s"), "int64 milliseconds, microseconds or nanoseconds since 1970, or a timestamp"),
        ("timestamp", pa.int32(), "int64 milliseconds, microseconds or nanoseconds since 1970, or a timestamp"),
        ("local_timestamp", pa.date32(), "int64 milliseconds, microseconds or nanoseconds since 1970, or a timestamp"),
        ("side", pa.bool_(), "text, or the whole numbers 0 (none), 1 (buyer) and 2 (seller)"),
        ("id", pa.float64(), "text, or whole numbers"),
        ("symbol", pa.int64(), "text"),
        ("exchange", pa.dictionary(pa.int8(), pa.int64()), "text"),
    ],
)
def test_the_fault_of_a_wrong_type_names_the_accepted_types(name: str, kind: pa.DataType, wanted: str) -> None:
    faults = schema_faults(_with(trades(1), name, kind), TRADES)
    assert faults == [("COLUMN_TYPE", f"has the column {name} as {kind}; it must be {wanted}")]


def test_a_level_without_values_may_have_the_null_type() -> None:
    assert schema_faults(_with(books(1), "asks[4].price", pa.null()), BOOK_SNAPSHOT_5) == []


def test_a_duplicate_column_is_a_fault() -> None:
    schema = engine_trades(1).schema.append(pa.field("ts_init", INT))
    assert schema_faults(schema, TRADES) == [("COLUMN_TWICE", "has 2 columns ts_init; there must be one")]


@pytest.mark.parametrize(
    ("low", "high", "unit"),
    [
        (SECONDS * 1_000, SECONDS * 1_000 + 5, TIME_UNIT_MILLISECONDS),
        (NOON, NOON + 5, TIME_UNIT_MICROSECONDS),
        (NOON * 1_000, NOON * 1_000 + 5, TIME_UNIT_NANOSECONDS),
        (SECONDS, SECONDS, None),
        (SECONDS * 1_000, NOON, None),
        (NOON, NOON * 1_000, None),
        (0, NOON, None),
        (-NOON, NOON, None),
    ],
)
def test_the_values_of_integers_decide_the_unit(low: int, high: int, unit: int | None) -> None:
    assert unit_of(low, high, INT) == unit


def test_a_timestamp_type_decides_the_unit_but_values_must_be_plausible() -> None:
    units: tuple[tuple[Literal["ms", "us", "ns"], TimeUnit], ...] = (
        ("ms", TIME_UNIT_MILLISECONDS),
        ("us", TIME_UNIT_MICROSECONDS),
        ("ns", TIME_UNIT_NANOSECONDS),
    )
    for name, unit in units:
        value = NOON * 1_000 // NANOSECONDS[unit]
        kinds: list[pa.DataType] = [pa.timestamp(name), pa.timestamp(name, "UTC"), pa.timestamp(name, "Asia/Tokyo")]
        for kind in kinds:
            assert possible_units(kind) == [unit]
            assert unit_of(value, value, kind) == unit
            assert unit_of(value // 1_000, value, kind) is None
            assert unit_of(0, 0, kind) is None


@given(st.sampled_from(list(NANOSECONDS)), st.integers(PLAUSIBLE.start, PLAUSIBLE.stop - 1))
def test_no_number_is_a_time_in_two_units(unit: TimeUnit, nanoseconds: int) -> None:
    value = -(-nanoseconds // NANOSECONDS[unit])
    if value * NANOSECONDS[unit] in PLAUSIBLE:
        assert unit_of(value, value, INT) == unit


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (SECONDS, "seems to be seconds"),
        (SECONDS * 1_000, "seems to be milliseconds"),
        (NOON, "seems to be microseconds"),
        (NOON * 1_000, "seems to be nanoseconds"),
        (0, "is not a time of 2009 to 2099 in any unit"),
        (-(2**63), "is not a time of 2009 to 2099 in any unit"),
        (2**64, "is not a time of 2009 to 2099 in any unit"),
    ],
)
def test_the_unit_of_an_implausible_time_is_guessed(value: int, text: str) -> None:
    assert guess_unit(value) == text


def _with(table: pa.Table, name: str, kind: pa.DataType) -> pa.Schema:
    return table.schema.set(table.schema.get_field_index(name), pa.field(name, kind))
