from decimal import Decimal
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conversions import codes, convert, files_left, refusal, rows_of
from recordings import BTC, NOON, RawFolder, books, micros, needs_real_data, real_data
from tickreel.engine.catalog_format import DEPTH_SCHEMA, words_of_decimals
from tickreel.stores.catalog import CatalogFile, CatalogStore
from tickreel.stores.raw_schema import BOOK_SNAPSHOT_5, EXCHANGE, LEVELS
from tickreel.v1 import conversion_pb2

FOLDER = "book_snapshot_5"
Book = tuple[list[tuple[float, float]], list[tuple[float, float]]]


def _table(*shown: Book, **columns: Any) -> pa.Table:
    """Return snapshots of (bids, asks), each a list of (price, amount). Absent levels are null."""
    levels: dict[str, pa.Array] = {}
    for number, name in enumerate(("bids", "asks")):
        for level in range(LEVELS):
            cells = [book[number][level] if level < len(book[number]) else (None, None) for book in shown]
            levels[f"{name}[{level}].price"] = pa.array([price for price, _ in cells], pa.float64())
            levels[f"{name}[{level}].amount"] = pa.array([amount for _, amount in cells], pa.float64())
    return books(len(shown), **(levels | columns))


def _convert(raw: RawFolder, catalog: CatalogStore, table: pa.Table, **options: Any) -> CatalogFile:
    raw.write(table, data_type=FOLDER)
    return convert(raw, catalog, data_type=BOOK_SNAPSHOT_5, **options)


def _refusal(raw: RawFolder, catalog: CatalogStore, table: pa.Table, **options: Any) -> str:
    raw.write(table, data_type=FOLDER)
    return refusal(raw, catalog, data_type=BOOK_SNAPSHOT_5, **options)


def _shown(catalog: CatalogStore, file: CatalogFile) -> list[tuple[list[tuple[str, str]], ...]]:
    """Return the snapshots of a converted file as (bids, asks), each a list of (price, size)."""
    rows = rows_of(catalog, file)

    def side(levels: list[dict[str, Any]]) -> list[tuple[str, str]]:
        assert all((level["count"], level["order_id"]) == (1, 0) for level in levels)
        return [(f"{level['price'].normalize():f}", f"{level['size'].normalize():f}") for level in levels]

    return [(side(bids), side(asks)) for bids, asks in zip(rows["bids"], rows["asks"], strict=True)]


ONE: Book = ([(64_000.5, 0.002), (64_000.4, 1.0)], [(64_000.6, 0.25)])


def test_converted_snapshots_equal_the_raw_ones(raw: RawFolder, catalog: CatalogStore) -> None:
    file = _convert(raw, catalog, books(3))
    rows = rows_of(catalog, file)
    assert [[level["price"] for level in bids] for bids in rows["bids"]] == [
        [Decimal(640_005 + 10 * row - level) / 10 for level in range(5)] for row in range(3)
    ]
    assert [[level["size"] for level in asks] for asks in rows["asks"]] == [
        [Decimal(1 + row + level) / 1000 for level in range(5)] for row in range(3)
    ]
    assert rows["ts_event"] == [(NOON + 1000 * row - 700) * 1000 for row in range(3)]
    assert rows["ts_init"] == [(NOON + 1000 * row) * 1000 + 999 for row in range(3)]
    assert (rows["flags"], rows["sequence"]) == ([32] * 3, [0, 1, 2])
    converted = file.converted
    assert (converted.price_precision, converted.size_precision, converted.rows) == (1, 3, 3)
    assert (converted.data_type, converted.raw_schema, converted.clock_step) == (BOOK_SNAPSHOT_5, EXCHANGE, 1000)
    assert converted.time_unit == conversion_pb2.TIME_UNIT_MICROSECONDS
    assert converted.span.start.ToNanoseconds() == NOON * 1000 + 999
    assert (list(converted.findings), file.crowded, converted.unknown_sides) == ([], (), 0)
    name = "2024-07-18T12-00-00-000000999Z_2024-07-18T12-00-00-002000999Z.parquet"
    path = f"price1-size3/data/order_book_depths/BTC-USDT-PERP.BINANCE-FUTURES/{name}"
    assert files_left(catalog) == [converted.path] == [path]
    assert pq.read_schema(catalog.root / path).remove_metadata() == DEPTH_SCHEMA


def test_ties_keep_their_order_at_the_end_of_their_microsecond(raw: RawFolder, catalog: CatalogStore) -> None:
    file = _convert(raw, catalog, books(4, local_timestamp=[NOON, NOON, NOON + 1, NOON]))
    rows = rows_of(catalog, file)
    assert rows["ts_init"] == [NOON * 1000 + last for last in (997, 998, 999, 1999)]
    assert [bids[0]["price"] for bids in rows["bids"]] == [Decimal(640_005 + 10 * row) / 10 for row in (0, 1, 3, 2)]
    assert rows["sequence"] == [0, 1, 2, 3]
    assert codes(file).keys() == {"ROWS_SORTED"}


def test_absent_levels_are_left_out(raw: RawFolder, catalog: CatalogStore) -> None:
    nan = float("nan")
    shown: list[Book] = [
        ONE,
        ([(10.0, 1.0), (nan, nan), (9.0, 2.0)], [(11.0, 0.0), (12.0, 3.0), (nan, 0.0), (13.0, -0.0)]),
        ([], [(1.5, 2.0)]),
        ([(0.0, 0.0)], []),
    ]
    file = _convert(raw, catalog, _table(*shown))
    assert _shown(catalog, file) == [
        ([("64000.5", "0.002"), ("64000.4", "1")], [("64000.6", "0.25")]),
        ([("10", "1"), ("9", "2")], [("12", "3")]),
        ([], [("1.5", "2")]),
        ([], []),
    ]
    assert codes(file) == {
        "MISSING_LEVELS": "4 snapshots show fewer than five levels on a side; they are kept",
        "EMPTY_SIDES": "2 snapshots show no level on a side; they are kept",
    }


def test_columns_of_absent_levels_may_have_the_null_type(raw: RawFolder, catalog: CatalogStore) -> None:
    table = _table(ONE, ONE)
    plain = _convert(raw, catalog, table)
    never = {f"asks[{level}].{part}": pa.nulls(2) for level in (2, 3, 4) for part in ("price", "amount")}
    for name, column in never.items():
        table = table.set_column(table.schema.get_field_index(name), name, column)
    assert _convert(raw, catalog, table).converted.digest == plain.converted.digest


def test_unusual_snapshots_are_counted_and_kept(raw: RawFolder, catalog: CatalogStore) -> None:
    whole = [(100.0 - level, 1.0) for level in range(5)], [(101.0 + level, 1.0) for level in range(5)]
    crossed = [(102.0, 1.0), *whole[0][1:]], whole[1]
    locked = [(101.0, 1.0), *whole[0][1:]], whole[1]
    upside_down = whole[0][::-1], whole[1]
    doubled = whole[0], [(101.0, 1.0), (101.0, 2.0), *whole[1][2:]]
    shown: list[Book] = [whole, whole, crossed, locked, upside_down, whole, doubled, doubled]
    file = _convert(raw, catalog, _table(*shown))
    assert codes(file) == {
        "CROSSED_BOOKS": "1 snapshots have a bid above an ask; they are kept",
        "LOCKED_BOOKS": "1 snapshots have a bid at an ask; they are kept",
        "REPEATED_BOOKS": "3 snapshots are equal to the one before; they are kept",
        "LEVELS_SORTED": "1 snapshots did not have their best level first; their levels were sorted",
        "LEVELS_DOUBLED": "2 snapshots have a price twice on a side; the engine keeps the last",
    }
    found = _shown(catalog, file)
    assert len(found) == len(shown)
    assert found[4] == found[0]
    assert [size for _, size in found[6][1][:2]] == ["1", "2"]


def test_repeats_are_counted_over_chunks(raw: RawFolder, catalog: CatalogStore) -> None:
    rows = 40_000
    same = {name: np.full(rows, column[0].as_py()) for name, column in zip(*_columns(books(1)), strict=True)}
    file = _convert(raw, catalog, books(rows, **same))
    assert codes(file) == {"REPEATED_BOOKS": "39999 snapshots are equal to the one before; they are kept"}


def _columns(table: pa.Table) -> tuple[list[str], list[pa.ChunkedArray]]:
    return table.column_names[4:], table.columns[4:]


def test_closing_gaps_between_levels_makes_no_finding(raw: RawFolder, catalog: CatalogStore) -> None:
    gap = [(10.0, 1.0), (8.0, 0.0), (9.0, 1.0)]
    behind_a_gap = [(9.0, 1.0), (8.0, 0.0), (10.0, 1.0)]
    file = _convert(raw, catalog, _table((gap, gap[::2][::-1]), (behind_a_gap, [])))
    assert _shown(catalog, file)[0] == ([("10", "1"), ("9", "1")], [("9", "1"), ("10", "1")])
    assert _shown(catalog, file)[1] == ([("10", "1"), ("9", "1")], [])
    assert codes(file)["LEVELS_SORTED"].startswith("1 snapshots")


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"bids[1].price": [1.0, None, 1.0]}, "bids[1].price: no value, but an amount in 1 row, first in row 1 (null)"),
        ({"bids[1].price": [1.0, np.nan, 1.0]}, "bids[1].price: no value, but an amount in 1 row, first in row 1 (null)"),
        ({"asks[4].amount": [None, None, 1.0]}, "asks[4].amount: no value, but a price in 2 rows, first in row 0 (null)"),
        ({"asks[0].price": [1.0, 0.0, -1.0]}, "asks[0].price: not above zero in 2 rows, first in row 1 (0.0)"),
        ({"asks[0].amount": [1.0, -2.0, 1.0]}, "asks[0].amount: not above zero in 1 row, first in row 1 (-2.0)"),
        ({"bids[0].amount": [1.0, np.inf, 1.0]}, "bids[0].amount: infinite in 1 row"),
        ({"bids[2].price": [1e14, 1.0, 1.0]}, "bids[2].price: above 17014118346046, the greatest that the engine holds,"),
        ({"bids[2].price": [2 / 3 * 64_000, 1.0, 1.0]}, "bids[2].price: not the double of a single decimal of up to 16 places"),
        ({"timestamp": [NOON, 5, NOON]}, "timestamp: not microseconds since 1970 (years 2009 to 2099) in 1 row"),
        ({"timestamp": [None, 5, NOON]}, "timestamp: no value in 1 row, first in row 0"),
        ({"local_timestamp": [NOON, None, NOON]}, "local_timestamp: no value in 1 row"),
        ({"symbol": ["A", "B", "A"]}, "symbol: A, B in one file; a file must hold one instrument"),
    ],
)
def test_invalid_values_are_refused(raw: RawFolder, catalog: CatalogStore, columns: dict[str, Any], says: str) -> None:
    assert says in _refusal(raw, catalog, books(3, **columns))


def test_a_precision_that_is_too_small_is_refused_with_the_one_needed(raw: RawFolder, catalog: CatalogStore) -> None:
    table = books(3, **{"asks[3].price": [64_001.0, 64_001.125, 64_001.25], "bids[2].amount": [1.0, 1.0, 0.0625]})
    message = _refusal(raw, catalog, table, price=1, size=3)
    expected = "asks[3].price: more decimals than the 1 of price_precision in 2 rows, first in row 1 (64001.125)"
    assert f"{expected}; price_precision must be at least 3" in message
    assert "bids[2].amount: more decimals than the 3 of size_precision in 1 row, first in row 2 (0.0625)" in message
    assert convert(raw, catalog, data_type=BOOK_SNAPSHOT_5, price=3, size=4).converted.rows == 3


def test_noise_is_resolved_with_a_finding(raw: RawFolder, catalog: CatalogStore) -> None:
    file = _convert(raw, catalog, _table(([(0.1 + 0.2, 1.1 + 2.2)], [(0.4, 1.0)])))
    assert _shown(catalog, file) == [([("0.3", "3.3")], [("0.4", "1")])]
    assert "2 prices and amounts carry float noise" in codes(file)["NOISE_RESOLVED"]


@pytest.mark.parametrize(("rows", "fits"), [(1000, True), (1001, False)])
def test_a_microsecond_has_room_for_a_thousand_snapshots(raw: RawFolder, catalog: CatalogStore, rows: int, fits: bool) -> None:
    table = books(rows + 2, local_timestamp=[NOON + 1] * rows + [NOON, NOON + 9])
    if fits:
        assert rows_of(catalog, _convert(raw, catalog, table))["ts_init"][1] == (NOON + 1) * 1000
    else:
        message = _refusal(raw, catalog, table)
        expected = "local_timestamp: more than 1000 snapshots in one microsecond, so that the engine cannot keep their order,"
        assert f"{expected} in 1001 rows, first in row 0 ({NOON + 1})" in message


def test_rows_of_another_day_are_kept_with_a_finding(raw: RawFolder, catalog: CatalogStore) -> None:
    midnight = micros("2024-07-19T00:00:00")
    file = _convert(raw, catalog, books(3, local_timestamp=[midnight - 1, midnight, midnight + 1]))
    assert file.converted.rows == 3
    assert "2 rows were recorded on another UTC day" in codes(file)["ROWS_OF_ANOTHER_DAY"]


def test_nanoseconds_order_books_and_are_kept_as_event_times(raw: RawFolder, catalog: CatalogStore) -> None:
    recorded = [NOON * 1000 + 500, NOON * 1000 + 20, NOON * 1000 + 1003]
    event = [NOON * 1000 - 77 + row for row in range(3)]
    file = _convert(raw, catalog, books(3, local_timestamp=recorded, timestamp=event))
    rows = rows_of(catalog, file)
    assert rows["ts_init"] == [NOON * 1000 + last for last in (998, 999, 1999)]
    assert rows["ts_event"] == [event[1], event[0], event[2]]
    assert file.converted.clock_step == 1000
    assert file.converted.time_unit == conversion_pb2.TIME_UNIT_NANOSECONDS


def test_chunks_and_row_groups_do_not_change_the_rows(raw: RawFolder, catalog: CatalogStore) -> None:
    digests, table = set(), books(40_000)
    shuffled = table.take(np.random.default_rng(0).permutation(40_000))
    for content, row_group_size in ((table, 1_000), (table, 40_000), (shuffled, 7_000)):
        raw.write(content, data_type=FOLDER, row_group_size=row_group_size)
        file = convert(raw, catalog, data_type=BOOK_SNAPSHOT_5)
        metadata = pq.read_metadata(catalog.root / file.converted.path)
        sizes = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
        assert sizes == [16_384, 16_384, 7_232]
        digests.add(file.converted.digest)
    assert len(digests) == 1
    assert convert(raw, catalog, data_type=BOOK_SNAPSHOT_5, price=9, size=16).converted.digest in digests


def test_columns_may_be_in_any_order(raw: RawFolder, catalog: CatalogStore) -> None:
    table = books(10)
    plain = _convert(raw, catalog, table)
    assert _convert(raw, catalog, table.select(table.column_names[::-1])).converted.digest == plain.converted.digest


@st.composite
def _sides(draw: st.DrawFn) -> list[tuple[int, int]]:
    """Return up to five levels, each a price and an amount in units. An amount of 0 makes a level absent."""
    return draw(st.lists(st.tuples(st.integers(1, 10**6), st.integers(0, 10**6)), max_size=LEVELS))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(_sides(), _sides()), min_size=1, max_size=20))
def test_any_snapshots_are_converted_exactly(
    raw: RawFolder, catalog: CatalogStore, shown: list[tuple[list[tuple[int, int]], list[tuple[int, int]]]]
) -> None:
    def scaled(side: list[tuple[int, int]]) -> list[tuple[float, float]]:
        return [(price / 100, size / 1000) for price, size in side]

    table = _table(*((scaled(bids), scaled(asks)) for bids, asks in shown))
    found = rows_of(catalog, _convert(raw, catalog, table))
    for name, number, descending in (("bids", 0, True), ("asks", 1, False)):
        expected = [
            [
                (Decimal(price) / 100, Decimal(size) / 1000)
                for price, size in sorted(book[number], key=lambda level: level[0], reverse=descending)
                if size
            ]
            for book in shown
        ]
        assert [[(level["price"], level["size"]) for level in side] for side in found[name]] == expected


def _decimals(column: pa.Array, places: int) -> pa.Decimal128Array:
    return cast(pa.Decimal128Array, column.cast(pa.decimal128(38, places)))


@needs_real_data
@pytest.mark.parametrize(
    ("day", "name", "rows", "decimals"),
    [
        ("2020-09-01", BTC, 10, (2, 3)),
        ("2024-07-18", BTC, 1_844, (1, 3)),
        ("2024-07-24", "BINANCE:SPOT_PAIR:NEXO-USDT", 41_103, (3, 2)),
    ],
)
def test_real_recordings(catalog: CatalogStore, day: str, name: str, rows: int, decimals: tuple[int, int]) -> None:
    raw = RawFolder(real_data())
    file = convert(raw, catalog, day=day, name=name, data_type=BOOK_SNAPSHOT_5)
    assert (file.converted.rows, file.price_decimals, file.size_decimals) == (rows, *decimals)
    assert codes(file) == {}
    table = pq.ParquetFile(raw.path(day, name, FOLDER)).read()
    converted = pq.ParquetFile(catalog.root / file.converted.path).read()
    for side in ("bids", "asks"):
        lists = cast(pa.ListArray, converted[side].combine_chunks())
        levels = cast(pa.StructArray, lists.values)
        assert (np.diff(lists.offsets) == LEVELS).all()
        for part, column, places in (("price", "price", decimals[0]), ("size", "amount", decimals[1])):
            recorded = np.stack([table[f"{side}[{level}].{column}"].to_numpy() for level in range(LEVELS)], axis=1)
            units = words_of_decimals(_decimals(levels.field(part), places))[:, 0].reshape(-1, LEVELS)
            # Dividing whole numbers gives the double that was recorded.
            assert (units / 10.0**places == recorded).all()
    times = converted["ts_init"].cast(pa.int64()).to_numpy()
    early = table["local_timestamp"].to_numpy() * 1000 + 999 - times
    assert early.min() >= 0
    assert early.max() < 1000
    assert (np.diff(times) > 0).all()
