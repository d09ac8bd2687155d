"""Books in the engine's schemas convert to the same rows as in the exchange's, or are refused by name."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conversions import codes, convert, refusal, rows_of
from recordings import NOON, RawFolder, books, engine_books, engine_flat_books, engine_trades, trades
from tickreel.rpc.settings import CSV
from tickreel.stores.catalog import CatalogFile, CatalogStore
from tickreel.stores.raw_schema import BOOK_SNAPSHOT_5, ENGINE

FOLDER = "book_snapshot_5"
FORMS = [engine_books, engine_flat_books]


def _convert(raw: RawFolder, catalog: CatalogStore, table: pa.Table, **options: Any) -> CatalogFile:
    raw.write(table, data_type=FOLDER, **options)
    return convert(raw, catalog, data_type=BOOK_SNAPSHOT_5)


def _refusal(raw: RawFolder, catalog: CatalogStore, table: pa.Table) -> str:
    raw.write(table, data_type=FOLDER)
    return refusal(raw, catalog, data_type=BOOK_SNAPSHOT_5)


def _faults(raw: RawFolder, table: pa.Table) -> tuple[str, ...]:
    raw.write(table, data_type=FOLDER)
    (found,) = raw.store.dataset("day-2024-07-18").files
    return tuple(fault.partition(".parquet ")[2] for fault in found.faults)


def _raw_integers(column: pa.Array, scale: int, width: int) -> pa.Array:
    """Return numbers as version 1 of the engine stores them."""
    numbers = [int(Decimal(str(value)).scaleb(scale)) for value in column.to_pylist()]
    return pa.array([number.to_bytes(width, "little", signed=True) for number in numbers], pa.binary(width))


def test_the_store_describes_files_of_the_engine(raw: RawFolder) -> None:
    for form in FORMS:
        raw.write(form(5), data_type=FOLDER)
        (found,) = raw.store.dataset("day-2024-07-18").files
        assert (found.rows, found.span, list(found.warnings)) == (5, (NOON * 1000, (NOON + 4000) * 1000), [])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_books_in_the_schemas_of_the_engine_convert_to_the_same_rows(
    raw: RawFolder, catalog: CatalogStore, data: st.DataObject
) -> None:
    rows = data.draw(st.integers(1, 8))
    cells = st.one_of(st.none(), st.integers(0, 10**5))
    exchange = books(rows, local_timestamp=NOON + np.sort(data.draw(st.lists(st.integers(0, 9), min_size=rows, max_size=rows))))
    for number, name in enumerate(exchange.column_names[4:], 4):
        if name.endswith("amount"):
            amounts = data.draw(st.lists(cells, min_size=rows, max_size=rows))
            prices = data.draw(st.lists(st.integers(1, 10**6), min_size=rows, max_size=rows))
            shown = [
                (None, None) if unit is None else (price / 10, unit / 100) for price, unit in zip(prices, amounts, strict=True)
            ]
            exchange = exchange.set_column(number, name, pa.array([amount for _, amount in shown], pa.float64()))
            exchange = exchange.set_column(
                number - 1, exchange.column_names[number - 1], pa.array([p for p, _ in shown], pa.float64())
            )
    expected = _convert(raw, catalog, exchange)
    for form in FORMS:
        file = _convert(raw, catalog, form(rows, exchange), row_group_size=data.draw(st.integers(1, rows)))
        assert file.converted.digest == expected.converted.digest
        assert codes(file) == codes(expected)
        assert file.converted.raw_schema == ENGINE


def _typed_lists(table: pa.Table, values: Callable[[pa.Array], pa.Array]) -> pa.Table:
    """Return a table whose levels have numbers of another type, in structs without the fields that are not read."""
    for side in ("bids", "asks"):
        lists = cast(pa.ListArray, table[side].combine_chunks())
        levels = cast(pa.StructArray, lists.values)
        fields = [values(levels.field(part)) for part in ("price", "size")]
        items = pa.StructArray.from_arrays(fields, ["price", "size"])
        large = pa.LargeListArray.from_arrays(pa.array(lists.offsets.to_numpy(), pa.int64()), items)
        table = table.set_column(table.schema.get_field_index(side), side, large)
    return table


@pytest.mark.parametrize(
    "values",
    [
        lambda plain: pa.array(plain.to_pylist()).cast(pa.string()).cast(pa.decimal128(38, 16)),
        lambda plain: pa.array(plain.to_pylist()).cast(pa.string()).cast(pa.decimal256(60, 20)),
        lambda plain: _raw_integers(plain, 16, 16),
        lambda plain: _raw_integers(plain, 9, 8),
    ],
    ids=["decimal128", "decimal256", "raw integers of 16 bytes", "raw integers of 8 bytes"],
)
def test_every_number_type_of_the_engine_is_accepted(
    raw: RawFolder, catalog: CatalogStore, values: Callable[[pa.Array], pa.Array]
) -> None:
    expected = _convert(raw, catalog, books(9))
    assert _convert(raw, catalog, _typed_lists(engine_books(9), values)).converted.digest == expected.converted.digest
    flat = engine_flat_books(9)
    for place, name in enumerate(flat.column_names):
        if "_price_" in name or "_size_" in name:
            flat = flat.set_column(place, name, values(flat[name].combine_chunks()))
    file = _convert(raw, catalog, flat)
    assert (file.converted.digest, codes(file)) == (expected.converted.digest, {})


def test_trades_with_raw_integers_are_accepted(raw: RawFolder, catalog: CatalogStore) -> None:
    raw.write(trades())
    expected = convert(raw, catalog).converted.digest
    table = engine_trades()
    for scale, width in ((9, 8), (16, 16)):
        parts: dict[str, Any] = {part: _raw_integers(table[part].combine_chunks(), scale, width) for part in ("price", "size")}
        raw.write(engine_trades(**parts))
        assert convert(raw, catalog).converted.digest == expected
    undefined = pa.array([b"\xff" * 15 + b"\x7f", b"\xff" * 16, b"\x00" * 16, None, b"\x01" + b"\x00" * 15], pa.binary(16))
    raw.write(engine_trades(price=undefined))
    (found,) = raw.store.dataset("day-2024-07-18").files
    assert not found.faults
    with pytest.raises(Exception, match="price: no value in 1 row") as refused:
        convert(raw, catalog)
    assert "not above zero in 2 rows, first in row 1 (-0.0000000000000001)" in str(refused.value)
    assert "above 17014118346046, the greatest that the engine holds, in 1 row, first in row 0" in str(refused.value)


def test_a_converted_file_is_a_valid_raw_file(raw: RawFolder, catalog: CatalogStore) -> None:
    file = _convert(raw, catalog, books(300))
    table = pq.ParquetFile(catalog.root / file.converted.path).read()
    # The recorded times, without the nanoseconds that order equal times.
    table = table.set_column(5, "ts_init", table["ts_init"].cast(pa.timestamp("us", "UTC"), safe=False))
    again = _convert(raw, catalog, table)
    assert (again.converted.digest, again.converted.raw_schema) == (file.converted.digest, ENGINE)


def _deep(levels: int) -> list[dict[str, float]]:
    return [{"price": 100.0 - level, "size": 1.0 + level} for level in range(levels)]


def test_the_best_five_of_more_levels_are_kept_with_a_finding(raw: RawFolder, catalog: CatalogStore) -> None:
    bids = [_deep(7), _deep(5), _deep(9)[::-1], [], [{"price": 0.0, "size": 0.0}] * 10]
    file = _convert(raw, catalog, engine_books(5, bids=bids))
    sizes = [[level["size"] for level in side] for side in rows_of(catalog, file)["bids"]]
    assert sizes == [[1, 2, 3, 4, 5]] * 3 + [[], []]
    expected = "2 snapshots show more than five levels on a side; the best five are kept"
    assert codes(file)["LEVELS_BEYOND_FIVE"] == expected
    assert codes(file).keys() == {"LEVELS_BEYOND_FIVE", "LEVELS_SORTED", "EMPTY_SIDES", "MISSING_LEVELS"}
    flat = engine_flat_books(2, bid_price_7=[64_000.0, 0.0], bid_size_7=[3.0, 0.0])
    assert codes(_convert(raw, catalog, flat)).keys() == {"LEVELS_BEYOND_FIVE"}


def test_more_levels_in_the_exchange_schema_make_the_same_finding(raw: RawFolder, catalog: CatalogStore) -> None:
    plain = _convert(raw, catalog, books(4))
    more = {
        f"{side}[5].{part}": [1.0 if side == "bids" else 1e6] * 4 for side in ("bids", "asks") for part in ("price", "amount")
    }
    file = _convert(raw, catalog, books(4, **more))
    assert codes(file)["LEVELS_BEYOND_FIVE"].startswith("4 snapshots")
    assert file.converted.digest == plain.converted.digest
    assert _faults(raw, books(4, **{"asks[5].price": [1e6] * 4}))[0].startswith("has no column asks[5].amount; it has")


def test_lists_of_any_length_are_read_in_parts(raw: RawFolder, catalog: CatalogStore) -> None:
    rows = 600
    levels = [_deep(1 + row % 97 * 10) if row % 3 else _deep(3) for row in range(rows)]
    levels = [[{"price": level["price"] + 2_000, "size": level["size"]} for level in side] for side in levels]
    file = _convert(raw, catalog, engine_books(rows, bids=levels))
    found = [[level["size"] for level in side] for side in rows_of(catalog, file)["bids"]]
    assert found == [[1, 2, 3, 4, 5][: len(side)] for side in levels]


def test_null_lists_and_levels_are_absent(raw: RawFolder, catalog: CatalogStore) -> None:
    bids = [
        None,
        [None, {"price": 1.5, "size": 2.0}],
        [{"price": float("nan"), "size": float("nan")}],
        [{"price": None, "size": 0.0}],
    ]
    file = _convert(
        raw,
        catalog,
        engine_books(4, bids=pa.array(bids, pa.list_(pa.struct([("price", pa.float64()), ("size", pa.float64())])))),
    )
    assert [[level["price"] for level in side] for side in rows_of(catalog, file)["bids"]] == [[], [Decimal("1.5")], [], []]
    assert codes(file)["EMPTY_SIDES"].startswith("3 snapshots")


@pytest.mark.parametrize(
    ("bids", "says"),
    [
        ([[{"price": 1.0, "size": None}], []], "bids[0].size: no value, but a price in 1 row, first in row 0 (null)"),
        (
            [[], [{"price": 2.0, "size": 1.0}, {"price": None, "size": 1.0}]],
            "bids[1].price: no value, but an amount in 1 row",
        ),
        ([[{"price": -1.0, "size": 1.0}], []], "bids[0].price: not above zero in 1 row, first in row 0 (-1.0)"),
        ([[], [{"price": 1.0, "size": float("inf")}]], "bids[0].size: infinite in 1 row, first in row 1 (inf)"),
    ],
)
def test_faults_name_the_level(raw: RawFolder, catalog: CatalogStore, bids: list[Any], says: str) -> None:
    assert says in _refusal(raw, catalog, engine_books(2, bids=bids))
    assert "bid_price_3: not above zero in 1 row" in _refusal(raw, catalog, engine_flat_books(2, bid_price_3=[-1.0, 1.0]))


def test_rows_are_sorted_by_the_replay_clock(raw: RawFolder, catalog: CatalogStore) -> None:
    order = [3, 1, 2, 0]
    expected = _convert(raw, catalog, books(4).take(order))
    for form in FORMS:
        file = _convert(raw, catalog, form(4).take(order))
        assert file.converted.digest == expected.converted.digest
        assert codes(file).keys() == {"ROWS_SORTED"}


def test_flat_levels_may_be_text(raw: RawFolder, catalog: CatalogStore) -> None:
    expected = _convert(raw, catalog, books(30))
    file = _convert(RawFolder(raw.root, CSV), catalog, engine_flat_books(30))
    assert file.converted.digest == expected.converted.digest


_FLOATS = pa.struct([("price", pa.float32()), ("size", pa.float64())])


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (engine_books(2, bids=None), "has no column bids; it has flags, sequence, ts_event, ts_init, asks"),
        (
            engine_books(2, bids=[1.0, 2.0]),
            "has the column bids as double; it must be a list of structs with a price and a size,",
        ),
        (engine_books(2, bids=pa.array([[], []], pa.list_(_FLOATS))), "has the column bids as list<"),
        (engine_books(2, asks=pa.array([[{"price": 1.0}]] * 2)), "has the column asks as list<"),
        (engine_flat_books(2, ask_size_9=None), "has no column ask_size_9; it has"),
        (
            engine_flat_books(2, ask_size_4=["1", "2"]),
            "has the column ask_size_4 as string; it must be float64, or whole numbers,",
        ),
        (engine_trades(2), "has no column bids, asks; it has ts_event, ts_init, price, size, aggressor_side, trade_id"),
    ],
)
def test_columns_that_are_not_books_are_refused_by_name(raw: RawFolder, table: pa.Table, says: str) -> None:
    faults = _faults(raw, table)
    assert faults[0].startswith(says)


def test_raw_integers_in_integer_columns_are_refused(raw: RawFolder) -> None:
    metadata = {"instrument_id": "BTCUSDT-PERP.BINANCE", "price_precision": "1", "size_precision": "3"}
    whole = pa.array([64_000_500_000_000] * 2, pa.int64())
    faults = _faults(raw, engine_flat_books(2, bid_price_0=whole).replace_schema_metadata(metadata))
    assert faults == ("has the column bid_price_0 as int64, which the engine wrote as raw integers without their scale;"
                      " write it as decimals",)  # fmt: skip
    raw.path(data_type=FOLDER).unlink()
    raw.write(engine_trades(2, size=whole).replace_schema_metadata(metadata))
    (found,) = raw.store.dataset("day-2024-07-18").files
    assert "has the column size as int64, which the engine wrote" in found.faults[0]
    raw.write(engine_trades(2, size=pa.array([3, 4])))
    (found,) = raw.store.dataset("day-2024-07-18").files
    assert found.faults == ()
