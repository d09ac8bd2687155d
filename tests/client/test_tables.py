"""Ticks decoded from the bytes of a message equal protobuf's own decoding; tables become pandas DataFrames."""

import math
import sys
from datetime import UTC, datetime
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickreel.client.client import Client
from tickreel.client.tables import frame_of, table_of_ticks
from tickreel.v1.market_data_pb2 import AggressorSide, TradeColumns

_int64 = st.integers(-(2**63), 2**63 - 1)
_id = st.text(st.characters(codec="utf-8"), max_size=40)
_row = st.tuples(_int64, _int64, _int64, _int64, st.integers(0, 2), _id, _int64)
_chunk = st.tuples(st.lists(_row, max_size=40), st.integers(0, 16), st.integers(0, 16))


Row = tuple[int, int, int, int, int, str, int]


def columns(rows: list[Row], price_precision: int, size_precision: int, first_row: int = 0) -> TradeColumns:
    """A chunk, filled by protobuf's own assignment."""
    message = TradeColumns(price_precision=price_precision, size_precision=size_precision, first_row=first_row)
    for name, values in zip(
        ("ts_event", "ts_init", "price", "size", "side", "trade_id", "ts_recorded"), zip(*rows, strict=True), strict=False
    ):
        getattr(message, name).extend(values)
    return message


@given(_chunk)
def test_a_table_has_the_values_of_its_message(chunk: tuple[list[Row], int, int]) -> None:
    rows, price_precision, size_precision = chunk
    message = columns(rows, price_precision, size_precision, 300)
    before = message.SerializeToString(deterministic=True)
    table = table_of_ticks([message])
    table.validate(full=True)
    assert [time.value for time in table["ts_event"]] == [row[0] for row in rows]
    assert [time.value for time in table["ts_init"]] == [row[1] for row in rows]
    assert [str(price) for price in table["price"]] == [str(Decimal(row[2]).scaleb(-price_precision)) for row in rows]
    assert [str(size) for size in table["size"]] == [str(Decimal(row[3]).scaleb(-size_precision)) for row in rows]
    sides = [AggressorSide.Name(row[4]).removeprefix("AGGRESSOR_SIDE_").lower() for row in rows]
    assert table["side"].to_pylist() == [side.replace("unspecified", "unknown") for side in sides]
    assert table["trade_id"].to_pylist() == [row[5] for row in rows]
    assert [time.value for time in table["ts_recorded"]] == [row[6] for row in rows]
    assert table["trade_row"].to_pylist() == list(range(300, 300 + len(rows)))
    assert message.SerializeToString(deterministic=True) == before


def test_chunks_follow_each_other() -> None:
    first = columns([(1, 2, 15, 25, 1, "a", 0)], 1, 1)
    second = columns([(3, 4, 16, 26, 2, "b", 4), (5, 6, -17, 27, 0, "c", 4)], 1, 1, first_row=1)
    table = table_of_ticks([first, second])
    assert table["trade_row"].to_pylist() == [0, 1, 2]
    assert table.schema.field("price").type == pa.decimal128(38, 1)
    assert table["price"].to_pylist() == [Decimal("1.5"), Decimal("1.6"), Decimal("-1.7")]
    assert table["side"].to_pylist() == ["buy", "sell", "unknown"]


def test_unknown_fields_of_a_newer_service_are_ignored() -> None:
    # Field 100 in each wire type: fixed 64-bit, fixed 32-bit, length-delimited, varint.
    added = b"\xa1\x06" + b"\0" * 8 + b"\xa5\x06" + b"\0" * 4 + b"\xa2\x06\x03abc" + b"\xa0\x06\x96\x01"
    time = int(datetime(2024, 7, 18, tzinfo=UTC).timestamp()) * 10**9
    message = TradeColumns.FromString(columns([(time, time, 1, 1, 1, "a", time)], 0, 0).SerializeToString() + added)
    assert table_of_ticks([message]).to_pylist()[0]["ts_init"] == datetime(2024, 7, 18, tzinfo=UTC)


def test_unset_recorded_times_and_row_numbers_are_null() -> None:
    chunk = columns([(1, 2, 3, 4, 1, "a", 5)] * 3, 1, 1)
    chunk.ClearField("ts_recorded")
    table = table_of_ticks([chunk])
    assert table["trade_row"].to_pylist() == [0, 1, 2]
    chunk.ClearField("first_row")
    assert table_of_ticks([chunk])["trade_row"].to_pylist() == [None] * 3
    assert (table["ts_recorded"].null_count, table["ts_recorded"].type) == (3, pa.timestamp("ns", tz="UTC"))


def test_no_chunks_make_an_empty_table() -> None:
    assert table_of_ticks([]).num_rows == 0


_decimals = st.lists(st.none() | st.integers(-(10**38) + 1, 10**38 - 1) | st.integers(-(10**9), 10**9), max_size=40)
NOON = 1_721_304_000_000_000_000


@given(_decimals, st.integers(0, 38))
def test_a_number_is_the_double_nearest_to_its_decimal(units: list[int | None], scale: int) -> None:
    # `scaleb` would round to 28 digits.
    exact = [None if unit is None else Decimal(f"{unit}E-{scale}") for unit in units]
    times = pa.array(range(NOON, NOON + len(units))).cast(pa.timestamp("ns", tz="UTC"))
    frame = frame_of(pa.table({"value": pa.array(exact, pa.decimal128(38, scale)), "ts": times}), "ts")
    assert frame["value"].dtype == float
    assert [None if math.isnan(value) else value for value in frame["value"]] == [
        None if value is None else float(value) for value in exact
    ]
    assert [time.value for time in frame.index] == list(range(NOON, NOON + len(units)))


def test_a_frame_has_numbers_categories_and_utc_times() -> None:
    rows: list[Row] = [(NOON + at, NOON + at, 640_001, 25, side, f"t{at}", NOON) for at, side in ((1, 1), (2, 2), (10**10, 1))]
    frame = frame_of(table_of_ticks([columns(rows, 1, 3)]), "ts_init")
    assert (str(frame.index.dtype), frame.index.name) == ("datetime64[ns, UTC]", "ts_init")
    assert frame["price"].to_list() == [64_000.1] * 3
    assert frame["size"].resample("10s").sum().to_list() == [0.05, 0.025]
    assert frame["side"].value_counts().to_dict() == {"buy": 2, "sell": 1, "unknown": 0}
    assert {"price", "size", "trade_row"} <= set(frame.describe().columns)
    assert set(frame.select_dtypes("number").columns) == {"price", "size", "trade_row"}


def test_a_table_stays_exact_in_pandas_and_in_python() -> None:
    table = table_of_ticks([columns([(NOON + 1, NOON + 2, 640_001, 25, 1, "a", NOON)], 1, 3)])
    (row,) = table.to_pylist()
    assert (row["price"], row["size"], row["ts_init"].value) == (Decimal("64000.1"), Decimal("0.025"), NOON + 2)
    for frame in (table.to_pandas(), table.to_pandas(types_mapper=pd.ArrowDtype)):
        assert [frame[name].sum() for name in ("price", "size")] == [Decimal("64000.1"), Decimal("0.025")]
        assert frame["ts_init"][0] == pd.Timestamp(NOON + 2, tz="UTC")


def test_without_pandas_floats_name_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    # pandas is checked before the first call: nothing listens at this address.
    with Client("127.0.0.1:1") as client:
        for table in (client.orders, client.fills, client.equity, client.ticks):
            with pytest.raises(ModuleNotFoundError, match=r"DataFrames need pandas.*tickreel\[notebook\]"):
                table("RUN", floats=True)
