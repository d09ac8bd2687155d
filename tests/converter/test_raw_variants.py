"""Rows in all schemas, units and types of real files convert to the same result; forms that no file should have are refused."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conversions import codes, convert, files_left, refusal, rows_of
from recordings import NOON, RawFolder, books, engine_trades, trades
from tickreel.rpc.errors import TickreelError
from tickreel.rpc.settings import CSV
from tickreel.stores.catalog import CatalogStore
from tickreel.stores.raw_schema import BOOK_SNAPSHOT_5, ENGINE, EXCHANGE, TRADES
from tickreel.v1 import conversion_pb2, market_data_pb2

FOLDERS = {TRADES: "trades", BOOK_SNAPSHOT_5: "book_snapshot_5"}
MICROSECONDS = conversion_pb2.TIME_UNIT_MICROSECONDS
ROWS = 6
# Whole seconds, which every unit can represent.
TIMES = [NOON + 1_000_000 * second for second in (0, 0, 3, 2, 9, 9)]
SIDES = ["buy", "sell", "unknown", None, "", "sell"]
_quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _digest(
    raw: RawFolder, catalog: CatalogStore, table: pa.Table, data_type: market_data_pb2.DataType = TRADES, **options: Any
) -> str:
    raw.write(table, data_type=FOLDERS[data_type], **options)
    return convert(raw, catalog, data_type=data_type).converted.digest


# Functions that convert a plain column into another form.
_TEXTS: list[Callable[[pa.Array], pa.Array]] = [
    lambda plain: plain,
    lambda plain: plain.cast(pa.large_string()),
    lambda plain: plain.cast(pa.string_view()),
    lambda plain: plain.dictionary_encode(),
    lambda plain: plain.dictionary_encode().cast(pa.dictionary(pa.int8(), pa.string())),
    lambda plain: plain.cast(pa.large_string()).dictionary_encode(),
]
_CODES = {"buy": 1, "sell": 2, "unknown": 0, "": 0, None: None}
_SIDES: list[Callable[[pa.Array], pa.Array]] = [
    *_TEXTS,
    lambda plain: pc.utf8_upper(plain).dictionary_encode(),
    pc.utf8_title,
    *(
        lambda plain, kind=kind: pa.array([_CODES[side] for side in plain.to_pylist()], kind)
        for kind in (pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint64())
    ),
]
_TIME_FORMS: list[Callable[[pa.Array], pa.Array]] = [
    lambda plain: pc.divide(plain, 1000),
    lambda plain: pc.multiply(plain, 1000),
    lambda plain: plain.cast(pa.uint64()),
    *(
        lambda plain, unit=unit, zone=zone: plain.cast(pa.timestamp("us", zone)).cast(pa.timestamp(unit, zone))
        for unit in ("ms", "us", "ns")
        for zone in (None, "UTC", "Europe/Berlin", "+05:30")
    ),
    lambda plain: plain.cast(pa.timestamp("us")).cast(pa.timestamp("s")),
]
_DECIMAL_KINDS = [
    pa.decimal32(9, 2),
    pa.decimal64(18, 3),
    pa.decimal128(38, 16),
    pa.decimal128(38, 24),
    pa.decimal256(40, 2),
    pa.decimal256(76, 40),
    pa.decimal256(76, 62),
]
_NUMBERS: list[Callable[[pa.Array], pa.Array]] = [
    lambda plain: plain,
    *(lambda plain, kind=kind: pa.array(plain.to_pylist()).cast(pa.decimal128(20, 2)).cast(kind) for kind in _DECIMAL_KINDS),
]
_EXCHANGE_FORMS = {
    "exchange": _TEXTS,
    "symbol": _TEXTS,
    "timestamp": _TIME_FORMS,
    "local_timestamp": _TIME_FORMS,
    "id": [*_TEXTS, lambda plain: plain.cast(pa.int64()), lambda plain: plain.cast(pa.uint16())],
    "side": _SIDES,
    "price": _NUMBERS,
    "amount": _NUMBERS,
}
_ENGINE_NAMES = {
    "timestamp": "ts_event",
    "local_timestamp": "ts_init",
    "id": "trade_id",
    "side": "aggressor_side",
    "price": "price",
    "amount": "size",
}


def _formed(data: st.DataObject, plain: pa.Table, forms: dict[str, list[Callable[[pa.Array], pa.Array]]]) -> pa.Table:
    """Return the table with each column in a random form, in random order, and with a column that no conversion reads."""
    columns = {name: data.draw(st.sampled_from(forms[name]))(plain[name].combine_chunks()) for name in plain.column_names}
    columns["extra"] = pa.array([[1, 2]] * plain.num_rows)
    order = data.draw(st.permutations(sorted(columns)))
    return pa.table({name: columns[name] for name in order})


def _plain_trades() -> pa.Table:
    price = [64_000.5, 64_000.25, 63_999.0, 64_000.5, 1.0, 12.75]
    return trades(ROWS, timestamp=[time - 2_000_000 for time in TIMES], local_timestamp=TIMES, side=SIDES, price=price)


@_quick
@given(st.data())
def test_trades_are_the_same_in_every_form(raw: RawFolder, catalog: CatalogStore, data: st.DataObject) -> None:
    amounts = data.draw(st.lists(st.integers(1, 10**6), min_size=ROWS, max_size=ROWS))
    plain = _plain_trades().set_column(7, "amount", [[units / 100 for units in amounts]])
    expected = _digest(raw, catalog, plain)
    formed = _formed(data, plain, _EXCHANGE_FORMS)
    assert _digest(raw, catalog, formed, row_group_size=data.draw(st.integers(1, ROWS))) == expected
    # In the engine's schema, only the file's name gives the venue and the instrument.
    engine = _formed(data, plain.drop_columns(["exchange", "symbol"]), _EXCHANGE_FORMS)
    engine = engine.rename_columns([_ENGINE_NAMES.get(name, name) for name in engine.column_names])
    assert _digest(raw, catalog, engine) == expected


@_quick
@given(st.data())
def test_books_are_the_same_in_every_form(raw: RawFolder, catalog: CatalogStore, data: st.DataObject) -> None:
    plain = books(ROWS, timestamp=TIMES, local_timestamp=TIMES)
    absent = data.draw(st.lists(st.booleans(), min_size=ROWS, max_size=ROWS))
    for number, name in enumerate(plain.column_names[4:], 4):
        units = data.draw(st.lists(st.integers(1, 10**6), min_size=ROWS, max_size=ROWS))
        shown = [None if none and name.startswith("asks[2]") else unit / 100 for none, unit in zip(absent, units, strict=True)]
        plain = plain.set_column(number, name, pa.array(shown, pa.float64()))
    expected = _digest(raw, catalog, plain, BOOK_SNAPSHOT_5)
    formed = _formed(data, plain, _EXCHANGE_FORMS | dict.fromkeys(plain.column_names[4:], _NUMBERS))
    assert _digest(raw, catalog, formed, BOOK_SNAPSHOT_5) == expected


@pytest.mark.parametrize(("data_type", "table"), [(TRADES, trades(300)), (BOOK_SNAPSHOT_5, books(300))])
def test_csv_converts_to_the_same_rows(
    raw: RawFolder, catalog: CatalogStore, data_type: market_data_pb2.DataType, table: pa.Table
) -> None:
    expected = _digest(raw, catalog, table, data_type)
    assert _digest(RawFolder(raw.root, CSV), catalog, table, data_type) == expected


@pytest.mark.parametrize(
    ("times", "unit", "step"),
    [
        ([NOON // 1000 + row for row in range(5)], conversion_pb2.TIME_UNIT_MILLISECONDS, 1000),
        ([NOON + row for row in range(5)], MICROSECONDS, 1000),
        ([(NOON + row) * 1000 for row in range(5)], conversion_pb2.TIME_UNIT_NANOSECONDS, 1000),
        ([NOON * 1000 + 7 * row for row in range(5)], conversion_pb2.TIME_UNIT_NANOSECONDS, 1),
        (pa.array([NOON] * 5, pa.timestamp("us", "UTC")), MICROSECONDS, 1000),
    ],
)
def test_the_unit_and_the_step_of_the_clock_are_recorded(
    raw: RawFolder, catalog: CatalogStore, times: Any, unit: int, step: int
) -> None:
    raw.write(trades(local_timestamp=times))
    converted = convert(raw, catalog).converted
    assert (converted.raw_schema, converted.time_unit, converted.clock_step) == (EXCHANGE, unit, step)


def test_recorded_nanoseconds_are_kept(raw: RawFolder, catalog: CatalogStore) -> None:
    recorded = [NOON * 1000 + step for step in (1, 1, 2, 1000, 1001)]
    raw.write(engine_trades(ts_init=recorded, ts_event=[time - 7 for time in recorded]))
    file = convert(raw, catalog)
    assert file.converted.raw_schema == ENGINE
    rows = rows_of(catalog, file)
    assert rows["ts_event"] == [time - 7 for time in recorded]
    assert rows["ts_init"] == [NOON * 1000 + step for step in (1, 2, 3, 1000, 1001)]
    crowded = [(recorded - NOON * 1000, last - NOON * 1000) for recorded, last in file.crowded]
    assert crowded == [(1, 2), (2, 3)]


def test_sides_of_the_engine_may_be_words_or_numbers(raw: RawFolder, catalog: CatalogStore) -> None:
    expected = ["BUY", "BUY", "SELL", "SELL", "NO_AGGRESSOR", "NO_AGGRESSOR", "NO_AGGRESSOR"]
    words = ["BUY", "buyer", "Sell", "SELLER", "NO_AGGRESSOR", "unknown", None]
    for sides in (words, [1, 1, 2, 2, 0, 0, None]):
        raw.write(engine_trades(7, aggressor_side=sides))
        file = convert(raw, catalog)
        assert rows_of(catalog, file)["aggressor_side"] == expected
        assert file.converted.unknown_sides == 3


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"size": [1.0, -1.0, 1.0, 1.0, 1.0]}, "size: not above zero in 1 row"),
        ({"aggressor_side": ["BUY", "bid", "BUY", "BUY", "BUY"]}, "aggressor_side: the word 'bid' instead of BUY, SELL or NO_"),
        ({"aggressor_side": [1, 2, 0, 3, 1]}, "aggressor_side: the number 3 instead of 0 (none), 1 (buyer) or 2 (seller)"),
        ({"ts_event": [0, *[NOON] * 4]}, "ts_event: not microseconds since 1970 (years 2009 to 2099) in 1 row"),
        ({"ts_init": [NOON, NOON * 1000, *[NOON] * 3]}, "ts_init: not microseconds since 1970 (years 2009 to 2099) in 1"),
    ],
)
def test_faults_name_the_columns_of_the_engine(raw: RawFolder, catalog: CatalogStore, columns: dict, says: str) -> None:
    raw.write(engine_trades(**columns), write_statistics=False)
    assert says in refusal(raw, catalog)


def test_decimals_are_exact_to_the_last_digit(raw: RawFolder, catalog: CatalogStore) -> None:
    prices = ["17014118346046", "12345678901234.1234567890123456", "0.0000000000000001", "1.5", "3"]
    for kind in (pa.decimal128(38, 16), pa.decimal256(60, 20)):
        raw.write(trades(price=pa.array([Decimal(price) for price in prices], kind)))
        file = convert(raw, catalog)
        assert [f"{price:f}" for price in rows_of(catalog, file)["price"]] == [f"{Decimal(price):.16f}" for price in prices]
        assert file.price_decimals == 16


@pytest.mark.parametrize(
    ("values", "kind", "says"),
    [
        (["1", "0.00000000000000001"], pa.decimal128(38, 17), "price: more than 16 decimals, the most that the engine holds,"),
        (["1", "17014118346046.5"], pa.decimal128(38, 1), "above 17014118346046, the greatest that the engine holds, in 1 row"),
        (["1", "9" * 38], pa.decimal128(38, 0), "price: above 17014118346046, the greatest that the engine holds, in 1 row, "),
        (["1", "9" * 60], pa.decimal256(76, 0), f"first in row 1 ({'9' * 60})"),
        (["1", "-2.5"], pa.decimal128(9, 1), "price: not above zero in 1 row, first in row 1 (-2.5)"),
        (["1", "0"], pa.decimal32(9, 1), "price: not above zero in 1 row, first in row 1 (0.0)"),
        (["1", None], pa.decimal64(9, 1), "price: no value in 1 row, first in row 1 (null)"),
        (["1", "2.55"], pa.decimal64(9, 2), "price: more decimals than the 1 of price_precision in 1 row, first in row 1"),
        (["1", "2.55"], pa.decimal64(9, 2), "price_precision must be at least 2"),
        (["0.1", "0.2"], pa.decimal256(76, 76), "price: more decimals than the 1"),
    ],
)  # fmt: skip
def test_decimals_that_the_engine_cannot_hold_are_refused(
    raw: RawFolder, catalog: CatalogStore, values: list[str], kind: pa.DataType, says: str
) -> None:
    decimals = [None if value is None else Decimal(value) for value in values]
    raw.write(trades(2, price=pa.array(decimals, kind)))
    if kind == pa.decimal256(76, 76):
        assert convert(raw, catalog, price=1).price_decimals == 1
    else:
        assert says in refusal(raw, catalog, price=1)


# Values that no recording should have, by type. A column of a fuzzed file has such values or plain ones.
_ANY_NUMBER = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.floats(0.01, 1e5),
    st.sampled_from([0.0, -0.0, 5e-324, 1e14, 0.1 + 0.2, None]),
)
_ANY_INTEGER = st.one_of(st.integers(-(2**63), 2**63 - 1), st.sampled_from([0, 1, 2, NOON, NOON * 1000, None]))
_ANY_WORD = st.one_of(st.text(max_size=40), st.sampled_from(["buy", "SELL", "", None, "row-1", "x" * 37]))


@st.composite
def _garbage(draw: st.DrawFn, rows: int) -> pa.Array:
    def some(values: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(values, min_size=rows, max_size=rows))

    kind = draw(
        st.sampled_from(["float", "int", "uint", "decimal", "text", "bytes", "time", "null", "bool", "list", "dictionary"])
    )
    match kind:
        case "float":
            return pa.array(some(_ANY_NUMBER), draw(st.sampled_from([pa.float64(), pa.float32()])))
        case "int":
            return pa.array(some(_ANY_INTEGER), pa.int64())
        case "uint":
            return pa.array(some(st.one_of(st.integers(0, 2**64 - 1), st.none())), pa.uint64())
        case "decimal":
            precision = draw(st.integers(1, 76))
            scale = draw(st.integers(0, precision))
            limit = 10**precision - 1
            units = some(st.one_of(st.integers(-limit, limit), st.integers(1, min(limit, 10**6)), st.none()))
            texts = [None if unit is None else f"{unit}E-{scale}" for unit in units]
            wide = pa.array([None if text is None else Decimal(text) for text in texts], pa.decimal256(precision, scale))
            narrow: pa.Array = wide.cast(pa.decimal128(precision, scale)) if precision <= 38 else wide
            return narrow
        case "text":
            text: pa.Array = draw(st.sampled_from(_TEXTS))(pa.array(some(_ANY_WORD), pa.string()))
            return text
        case "bytes":
            # Bytes that are declared as text but are not UTF-8.
            return pa.array(some(st.binary(max_size=40)), pa.binary()).cast(pa.string(), safe=False)
        case "time":
            numbers = pa.array(some(_ANY_INTEGER), pa.int64())
            return numbers.cast(pa.timestamp(draw(st.sampled_from(["ms", "us", "ns"])), draw(st.sampled_from([None, "UTC"]))))
        case "null":
            return pa.nulls(rows)
        case "bool":
            return pa.array(some(st.booleans()), pa.bool_())
        case "list":
            return pa.array([[1]] * rows)
        case _:
            words = pa.array(["buy", "x" * 50, "é"])
            return pa.DictionaryArray.from_arrays(pa.array(some(st.one_of(st.integers(0, 2), st.none())), pa.int32()), words)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.data())
def test_garbage_ends_in_a_conversion_or_a_named_refusal(raw: RawFolder, catalog: CatalogStore, data: st.DataObject) -> None:
    rows = data.draw(st.integers(0, 5))
    data_type, plain = data.draw(
        st.sampled_from([(TRADES, trades(rows)), (TRADES, engine_trades(rows)), (BOOK_SNAPSHOT_5, books(rows))])
    )
    columns: dict[str, Any] = dict(zip(plain.column_names, plain.columns, strict=True))
    for name in data.draw(st.lists(st.sampled_from(plain.column_names), max_size=4, unique=True)):
        columns[name] = data.draw(_garbage(rows))
    raw.write(pa.table(columns), data_type=FOLDERS[data_type], write_statistics=data.draw(st.booleans()))
    (found,) = raw.store.dataset("day-2024-07-18").files
    if not found.faults:
        try:
            file = convert(raw, catalog, data_type=data_type)
        except TickreelError as refused:
            assert refused.reason == "DATA_REFUSED"
            assert found.path in refused.message
        else:
            converted = rows_of(catalog, file)
            assert len(converted["ts_init"]) == file.converted.rows == rows
            assert (np.diff(converted["ts_init"]) > 0).all()
            assert set(codes(file)).isdisjoint({"REFUSED"})
    for path in files_left(catalog):
        assert not path.startswith("incoming/")
        (catalog.root / path).unlink()
    raw.path(data_type=FOLDERS[data_type]).unlink()
