from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conversions import codes, convert, refusal, rows_of
from recordings import BTC, DAY, NOON, RawFolder, micros, needs_real_data, real_data, search, trades, whole_days
from tickreel.converter.trade_conversion import TradeConversion
from tickreel.rpc.errors import TickreelError
from tickreel.stores.catalog import CatalogStore
from tickreel.stores.instrument_name import InstrumentName
from tickreel.stores.raw import RawFile


def test_converted_rows_equal_the_raw_rows(raw: RawFolder, catalog: CatalogStore) -> None:
    raw.write(trades(4, price=[64_000.1, 64_000.0, 63_999.95, 64_001.0], amount=[0.001, 12.0, 0.25, 3.0]))
    done: list[int] = []
    (source,) = raw.store.dataset(f"day-{DAY}").files
    file = TradeConversion(source, InstrumentName.parse(BTC), None, None).run(raw.store, catalog, done.append)
    assert rows_of(catalog, file) == {
        "price": [Decimal(text) for text in ("64000.1", "64000", "63999.95", "64001")],
        "size": [Decimal(text) for text in ("0.001", "12", "0.25", "3")],
        "aggressor_side": ["SELL", "BUY", "SELL", "BUY"],
        "trade_id": ["100", "101", "102", "103"],
        "ts_event": [(NOON + 1000 * row - 700) * 1000 for row in range(4)],
        "ts_init": [(NOON + 1000 * row) * 1000 for row in range(4)],
    }
    converted = file.converted
    assert (converted.price_precision, converted.size_precision, converted.rows) == (2, 3, 4)
    assert (converted.source, converted.dataset) == (source.path, f"day-{DAY}")
    assert converted.span.start.ToNanoseconds() == NOON * 1000
    assert converted.span.end.ToNanoseconds() == (NOON + 3000) * 1000
    assert Path(converted.path).name == "2024-07-18T12-00-00-000000000Z_2024-07-18T12-00-00-003000000Z.parquet"
    assert (list(converted.findings), file.crowded, converted.unknown_sides) == ([], (), 0)
    assert done == [4]
    assert [path for path in catalog.root.rglob("*") if path.is_file()] == [catalog.root / converted.path]


def test_ties_keep_their_order_on_a_strictly_increasing_clock(raw: RawFolder, catalog: CatalogStore) -> None:
    raw.write(trades(3000, local_timestamp=[NOON] * 1500 + [NOON + 1] * 1500))
    file = convert(raw, catalog)
    rows = rows_of(catalog, file)
    assert rows["ts_init"] == [NOON * 1000 + row for row in range(3000)]
    assert rows["trade_id"] == [str(100 + row) for row in range(3000)]
    assert list(file.crowded) == [
        (NOON * 1000, NOON * 1000 + 1499),
        ((NOON + 1) * 1000, NOON * 1000 + 2999),
    ]


def test_rows_out_of_order_are_sorted_stably_with_a_finding(raw: RawFolder, catalog: CatalogStore) -> None:
    order = [5, 3, 3, 9, 1, 9]
    raw.write(trades(6, local_timestamp=[NOON + place for place in order], id=list("abcdef")))
    file = convert(raw, catalog)
    assert rows_of(catalog, file)["trade_id"] == list("ebcadf")
    assert codes(file) == {
        "ROWS_SORTED": "3 rows came after a row recorded later; the file was sorted, keeping the order of equal times"
    }


def test_equal_rows_are_kept(raw: RawFolder, catalog: CatalogStore) -> None:
    row = {"timestamp": NOON, "local_timestamp": NOON, "id": "", "side": "buy", "price": 1.5, "amount": 2.0}
    raw.write(trades(3, **{name: [value] * 3 for name, value in row.items()}))
    file = convert(raw, catalog)
    assert file.converted.rows == 3
    assert rows_of(catalog, file)["trade_id"] == ["row-20240718-0", "row-20240718-1", "row-20240718-2"]


def test_ids_that_the_engine_cannot_hold_are_generated(raw: RawFolder, catalog: CatalogStore) -> None:
    ids = ["ok", "", None, "x" * 36, "x" * 37, "é", "a\0b", " \t", "row-20240718-0", "a b"]
    raw.write(trades(10, id=ids))
    file = convert(raw, catalog)
    made = [f"row-20240718-{row}" for row in range(10)]
    kept = {0, 3, 9}
    assert rows_of(catalog, file)["trade_id"] == [ids[row] if row in kept else made[row] for row in range(10)]
    assert codes(file) == {"IDS_MADE": "7 rows have no id that the engine can hold; their ids are made of day and row"}


def test_generated_ids_have_the_row_of_the_file_not_of_the_replay(raw: RawFolder, catalog: CatalogStore) -> None:
    raw.write(trades(3, id=[""] * 3, local_timestamp=[NOON + 2, NOON + 1, NOON]))
    assert rows_of(catalog, convert(raw, catalog))["trade_id"] == ["row-20240718-2", "row-20240718-1", "row-20240718-0"]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())])
def test_unknown_sides_stay_unknown(raw: RawFolder, catalog: CatalogStore, kind: pa.DataType) -> None:
    raw.write(trades(6, side=pa.array(["buy", "unknown", "", None, "sell", "buy"]).cast(kind)))
    file = convert(raw, catalog)
    expected = ["BUY", "NO_AGGRESSOR", "NO_AGGRESSOR", "NO_AGGRESSOR", "SELL", "BUY"]
    assert rows_of(catalog, file)["aggressor_side"] == expected
    assert file.converted.unknown_sides == 3
    assert "3 rows do not say who the aggressor was" in codes(file)["SIDES_UNKNOWN"]


def test_rows_of_another_day_are_kept_with_a_finding(raw: RawFolder, catalog: CatalogStore) -> None:
    midnight = micros("2024-07-19T00:00:00")
    raw.write(trades(3, local_timestamp=[midnight - 1, midnight, midnight + 1]))
    file = convert(raw, catalog)
    assert file.converted.rows == 3
    assert "2 rows were recorded on another UTC day" in codes(file)["ROWS_OF_ANOTHER_DAY"]


def test_noise_is_resolved_with_a_finding(raw: RawFolder, catalog: CatalogStore) -> None:
    raw.write(trades(3, amount=[0.1 + 0.2, 0.3, 0.1 * 3]))
    file = convert(raw, catalog)
    assert rows_of(catalog, file)["size"] == [Decimal("0.3")] * 3
    assert file.converted.size_precision == 1
    assert "2 prices and amounts carry float noise" in codes(file)["NOISE_RESOLVED"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_decimals_of_16_digits_are_kept_with_and_without_a_stated_precision(
    raw: RawFolder, catalog: CatalogStore, data: st.DataObject
) -> None:
    places = data.draw(st.integers(3, 16))
    # Below 2^52 units, and below the engine's limit in whole units.
    units = data.draw(st.lists(st.integers(1, min(2**52 - 16, 10 ** (places + 13) - 1)), min_size=1, max_size=8))
    # The last digit fixes the number of places. One value has too few digits to be noise.
    units = [number // 10 * 10 + 1 + number % 9 for number in units] + [7]
    meant = [Decimal(number).scaleb(-places) for number in units]
    raw.write(trades(len(units), amount=[float(amount) for amount in meant]))
    for precision in (None, places, 16):
        file = convert(raw, catalog, size=precision)
        assert rows_of(catalog, file)["size"] == meant
        assert (file.size_decimals, codes(file)) == (places, {})


def test_an_ambiguous_double_is_refused(raw: RawFolder, catalog: CatalogStore) -> None:
    raw.write(trades(3, amount=[1.5, 2 / 3 * 64_000, 2.5]))
    message = refusal(raw, catalog, size=16)
    assert "amount: not the double of a single decimal of up to 16 places (a double holds 15 digits) in 1 row" in message
    assert "first in row 1 (42666.666666666664); round it where it is recorded, or record decimals" in message


def test_apparent_noise_is_kept_if_other_values_have_as_many_places(raw: RawFolder, catalog: CatalogStore) -> None:
    noisy = 1.4 * 3
    raw.write(trades(3, amount=[0.1, noisy, 2.5]))
    file = convert(raw, catalog)
    assert rows_of(catalog, file)["size"][1] == Decimal("4.2")
    assert codes(file).keys() == {"NOISE_RESOLVED"}
    raw.write(trades(3, amount=[0.1, noisy, 2.000000000000007]))
    file = convert(raw, catalog)
    assert rows_of(catalog, file)["size"][1] == Decimal("4.199999999999999")
    assert codes(file) == {}


@pytest.mark.parametrize(
    "changed",
    [
        {"exchange": pa.array(["binance-futures"] * 5, pa.large_string())},
        {"id": pa.array([str(100 + row) for row in range(5)], pa.large_string())},
        {"id": pa.array([str(100 + row) for row in range(5)]).dictionary_encode()},
        {"symbol": pa.array(["BTCUSDT"] * 5).dictionary_encode()},
        {"timestamp": pa.array([NOON + 1000 * row - 700 for row in range(5)]).cast(pa.timestamp("us"))},
        {"local_timestamp": pa.array([NOON + 1000 * row for row in range(5)]).cast(pa.timestamp("us", "UTC"))},
        {"exchange": pa.nulls(5)},
        {"side": pa.array(["sell", "buy", "sell", "buy", "sell"], pa.large_string()).dictionary_encode()},
        {"id": pa.array([str(100 + row) for row in range(5)], pa.large_string()).dictionary_encode()},
    ],
)
def test_the_types_of_raw_columns_do_not_change_the_rows(raw: RawFolder, catalog: CatalogStore, changed: dict) -> None:
    raw.write(trades())
    plain = convert(raw, catalog)
    raw.write(trades(**changed))
    assert convert(raw, catalog).converted.digest == plain.converted.digest


def test_columns_of_nulls_are_accepted(raw: RawFolder, catalog: CatalogStore) -> None:
    raw.write(trades(id=pa.nulls(5), side=pa.nulls(5), symbol=pa.nulls(5)))
    file = convert(raw, catalog)
    assert file.converted.unknown_sides == 5
    assert codes(file).keys() == {"SIDES_UNKNOWN", "IDS_MADE"}


@pytest.mark.parametrize("kind", [pa.int8(), pa.int64(), pa.uint32()])
def test_prices_and_sizes_may_be_whole_numbers(raw: RawFolder, catalog: CatalogStore, kind: pa.DataType) -> None:
    raw.write(trades(price=pa.array([3, 1, 4, 1, 5], kind), amount=pa.array([9, 2, 6, 5, 3], kind)))
    file = convert(raw, catalog)
    assert (file.price_decimals, file.size_decimals) == (0, 0)
    assert rows_of(catalog, file)["price"] == [3, 1, 4, 1, 5]


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"price": [1.5, np.nan, 2.5, np.nan, 3.5]}, "price: not a number in 2 rows, first in row 1 (nan)"),
        ({"price": [1.5, None, 2.5, 3.5, 4.5]}, "price: no value in 1 row, first in row 1 (null)"),
        ({"amount": [1.0, 1.0, np.inf, -np.inf, 1.0]}, "amount: infinite in 2 rows, first in row 2 (inf)"),
        ({"amount": [1.0, 0.0, -1.0, 1.0, 1.0]}, "amount: not above zero in 2 rows, first in row 1 (0.0)"),
        ({"price": [1.0, 1.0, 1.0, 1.0, -37.63]}, "price: not above zero in 1 row, first in row 4 (-37.63)"),
        ({"price": [1.0, 1.0, 1.0, 1e14, 1.0]}, "price: above 17014118346046, the greatest that the engine holds, in 1 row"),
        ({"amount": [1.0, 1.0, 1.0, 1e14, 1.0]}, "amount: above 34028236692093"),
        ({"amount": pa.array([2**63] * 5, pa.uint64())}, "amount: above 34028236692093"),
        ({"price": [1.0, 2 / 3 * 64_000, 1.0, 1.0, 1.0]}, "price: not the double of a single decimal of up to 16 places"),
        ({"side": ["buy", "b", "b", "bid", "sell"]}, "the word 'b' instead of buy, sell or unknown in 2 rows, first in row 1"),
        ({"side": ["buy", "b", "b", "bid", "sell"]}, "side: the word 'bid' instead of buy, sell or unknown in 1 row"),
        ({"side": ["BUYER", "buy", "buy", "buy", "buy"]}, "side: the word 'BUYER' instead of buy, sell or unknown in 1 row"),
        ({"side": pa.array([1, 3, -1, 3, 0], pa.int8())}, "side: the number 3 instead of 0 (none), 1 (buyer) or 2 (seller) in"),
        ({"side": pa.array([1, 3, -1, 3, 0], pa.int8())}, "side: the number -1 instead of 0 (none), 1 (buyer) or 2 (seller)"),
        ({"symbol": ["BTCUSDT"] * 4 + ["ETHUSDT"]}, "symbol: BTCUSDT, ETHUSDT in one file; a file must hold one instrument"),
        ({"exchange": ["binance", "okx"] + ["okx"] * 3}, "exchange: binance, okx in one file"),
        ({"timestamp": [NOON, None, NOON, NOON, NOON]}, "timestamp: no value in 1 row, first in row 1"),
        ({"local_timestamp": [NOON, None, NOON, NOON, NOON]}, "local_timestamp: no value in 1 row, first in row 1"),
        ({"timestamp": [NOON, NOON // 1000, NOON, NOON, 0]}, "timestamp: not microseconds since 1970 (years 2009 to"),
        ({"timestamp": [NOON, NOON // 1000, NOON, NOON, 0]}, "first in row 1 (1721304000000); it seems to be milliseconds"),
        ({"timestamp": [NOON, NOON, NOON * 1000, NOON, NOON]}, "1721304000000000000); it seems to be nanoseconds"),
        ({"timestamp": [NOON // 1000, NOON, 1, 1, 1]}, "timestamp: not milliseconds since 1970 (years 2009 to 2099) in 4"),
        ({"timestamp": [NOON // 10**6] * 5}, "timestamp: not milliseconds or microseconds or nanoseconds since 1970 (years"),
        ({"timestamp": [NOON // 10**6] * 5}, "it seems to be seconds"),
        ({"timestamp": pa.array([1] * 5, pa.timestamp("us"))}, "timestamp: not microseconds since 1970 (years 2009"),
        ({"timestamp": [-1] * 5}, "it is not a time of 2009 to 2099 in any unit"),
    ],
)  # fmt: skip
def test_invalid_values_are_refused(raw: RawFolder, catalog: CatalogStore, columns: dict, says: str) -> None:
    raw.write(trades(**columns))
    assert says in refusal(raw, catalog)


def test_times_of_several_units_are_refused_without_statistics_in_the_footer(raw: RawFolder, catalog: CatalogStore) -> None:
    raw.write(trades(local_timestamp=[NOON, NOON, NOON * 1000, NOON, NOON]), write_statistics=False)
    message = refusal(raw, catalog)
    assert "local_timestamp: not microseconds since 1970" in message
    assert "first in row 2 (1721304000000000000); it seems to be nanoseconds" in message


def test_all_problems_are_named_at_once(raw: RawFolder, catalog: CatalogStore) -> None:
    price, side = [1.5, np.nan, -1.0, 1.55, 1.5], ["x", "buy", "buy", "sell", "y"]
    raw.write(trades(price=price, side=side, local_timestamp=[NOON + 9, NOON, NOON, NOON, 0]))
    message = refusal(raw, catalog, price=1)
    assert len(message.splitlines()) == 7
    assert "(rows count from 0)" in message
    for problem in (
        "local_timestamp: not micro",
        "price: not a number",
        "price: not above",
        "price: more decimals",
        "'x'",
        "'y'",
    ):
        assert problem in message


def test_a_precision_that_is_too_small_is_refused_with_the_one_needed(raw: RawFolder, catalog: CatalogStore) -> None:
    raw.write(trades(price=[1.0, 2.55, 3.5, 4.125, 5.0]))
    expected = "price: more decimals than the 1 of price_precision in 2 rows, first in row 1 (2.55)"
    assert f"{expected}; price_precision must be at least 3" in refusal(raw, catalog, price=1)
    assert "size_precision must be at least 3" in refusal(raw, catalog, size=2)
    assert convert(raw, catalog, price=3, size=3).converted.rows == 5


@pytest.mark.parametrize("column", ["side", "exchange"])
def test_an_error_truncates_a_long_value(raw: RawFolder, catalog: CatalogStore, column: str) -> None:
    columns: dict[str, Any] = {column: ["x" * 1_000_000, *["y" * 1_000_000] * 4]}
    raw.write(trades(**columns))
    message = refusal(raw, catalog)
    assert "xxx… (1,000,000 characters)" in message
    assert len(message) < 2_000


def test_a_finding_truncates_a_long_value(raw: RawFolder, catalog: CatalogStore) -> None:
    raw.write(trades(symbol=["x" * 1_000_000] * 5))
    assert (
        "symbol " + "x" * 100 + "… (1,000,000 characters), but are read as" in codes(convert(raw, catalog))["OTHER_INSTRUMENT"]
    )


def test_faults_are_counted_over_all_chunks(raw: RawFolder, catalog: CatalogStore) -> None:
    price = np.full(200_000, 1.5)
    price[[70_000, 199_999]] = 1.25
    price[150_000] = 1.125
    raw.write(trades(200_000, price=price))
    message = refusal(raw, catalog, price=1)
    assert "in 3 rows, first in row 70000 (1.25); price_precision must be at least 3" in message


def test_a_file_with_corrupt_pages_is_refused_by_name(raw: RawFolder, catalog: CatalogStore) -> None:
    path = raw.write(trades(50_000), compression="zstd", use_dictionary=False)
    content = bytearray(path.read_bytes())
    content[1000:-20_000] = b"\xff" * (len(content) - 21_000)
    path.write_bytes(content)
    assert "cannot be read; it is corrupt or incomplete" in refusal(raw, catalog)


def test_a_source_that_changes_during_its_conversion_is_refused(raw: RawFolder, catalog: CatalogStore) -> None:
    raw.write(trades(5))
    (source,) = raw.store.dataset(f"day-{DAY}").files

    def attempt(source: RawFile, meanwhile: Callable[[int], None]) -> None:
        with pytest.raises(TickreelError, match="was changed or removed before its conversion was complete"):
            TradeConversion(source, InstrumentName.parse(BTC), None, None).run(raw.store, catalog, meanwhile)

    attempt(replace(source, mtime_ns=1), lambda _: None)
    attempt(source, lambda _: raw.path().touch())
    raw.path().unlink()
    attempt(source, lambda _: None)
    assert not [path for path in catalog.root.rglob("*") if path.is_file()]


def test_row_groups_have_one_size_independent_of_the_raw_ones(raw: RawFolder, catalog: CatalogStore) -> None:
    digests, table = set(), trades(200_000)
    for row_group_size in (1_000, 70_000, 200_000):
        raw.write(table, row_group_size=row_group_size)
        file = convert(raw, catalog)
        metadata = pq.read_metadata(catalog.root / file.converted.path)
        sizes = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
        assert sizes == [65_536, 65_536, 65_536, 3_392]
        assert metadata.row_group(0).column(0).compression == "ZSTD"
        statistics = metadata.row_group(0).column(5).statistics
        assert statistics is not None
        assert statistics.has_min_max
        digests.add(file.converted.digest)
    assert len(digests) == 1


def test_rows_are_sorted_across_chunks(raw: RawFolder, catalog: CatalogStore) -> None:
    table = trades(150_000)
    raw.write(table)
    in_order = convert(raw, catalog)
    shuffled = np.random.default_rng(0).permutation(150_000)
    raw.write(table.take(shuffled))
    assert convert(raw, catalog).converted.digest == in_order.converted.digest


def test_the_digest_depends_on_the_rows_alone(raw: RawFolder, catalog: CatalogStore) -> None:
    raw.write(trades(500))
    first = convert(raw, catalog)
    assert convert(raw, catalog, price=9, size=16).converted.digest == first.converted.digest
    (catalog.root / first.converted.path).unlink()
    assert convert(raw, catalog).converted.digest == first.converted.digest
    raw.write(trades(500, price=[64_000.5] * 500))
    assert convert(raw, catalog).converted.digest != first.converted.digest


def test_special_characters_in_paths_have_no_meaning(catalog: CatalogStore, tmp_path: Path) -> None:
    raw = RawFolder(tmp_path / "a b#c%20d:e[f]")
    raw.root.mkdir()
    raw.write(trades())
    store = CatalogStore(tmp_path / "p q#r%20s:t")
    assert convert(raw, store).converted.rows == 5


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.integers(0, 9),
    st.integers(0, 9),
    st.lists(st.tuples(st.integers(1, 10**12), st.integers(1, 10**12)), min_size=1, max_size=40),
)
def test_decimals_survive_a_round_trip_through_doubles(
    raw: RawFolder, catalog: CatalogStore, price_places: int, size_places: int, units: list[tuple[int, int]]
) -> None:
    prices = [Decimal(price).scaleb(-price_places) for price, _ in units]
    sizes = [Decimal(size).scaleb(-size_places) for _, size in units]
    raw.write(trades(len(units), price=[float(p) for p in prices], amount=[float(s) for s in sizes]))
    file = convert(raw, catalog)
    rows = rows_of(catalog, file)
    assert (rows["price"], rows["size"]) == (prices, sizes)
    assert file.price_decimals <= price_places
    again = convert(raw, catalog, price=price_places, size=size_places)
    assert again.converted.digest == file.converted.digest
    assert again.converted.price_precision == price_places


@needs_real_data
@pytest.mark.parametrize(
    ("day", "name", "rows", "decimals", "expected"),
    [
        ("2020-02-22", BTC, 137_988, (2, 3), set()),
        ("2024-07-18", BTC, 974, (1, 3), set()),
        ("2024-07-19", BTC, 9_727, (1, 3), set()),
        ("2020-11-16", "BINANCE:SPOT_PAIR:BTC-USDT", 1_000, (2, 6), {"SIDES_UNKNOWN", "IDS_MADE"}),
        ("2021-01-08", "BINANCE:SPOT_PAIR:BTC-USDT", 2_001, (2, 6), {"NOISE_RESOLVED"}),
        ("2024-07-24", "BINANCE:SPOT_PAIR:NEXO-USDT", 12_215, (3, 2), set()),
        ("2020-03-01", "BITMEX:PERPETUAL:BTC-USD", 10, (1, 0), set()),
    ],
)
def test_real_recordings(
    catalog: CatalogStore, day: str, name: str, rows: int, decimals: tuple[int, int], expected: set[str]
) -> None:
    raw = RawFolder(real_data())
    (source,) = search(whole_days(day), name).run(raw.store)
    file = convert(raw, catalog, day=day, name=name)
    assert (file.converted.rows, file.price_decimals, file.size_decimals) == (rows, *decimals)
    assert set(codes(file)) == expected
    assert file.converted.unknown_sides == (1000 if "SIDES_UNKNOWN" in expected else 0)
    converted = rows_of(catalog, file)
    table = pq.ParquetFile(raw.root / source.path).read()
    assert [float(price) for price in converted["price"]] == table["price"].to_pylist()
    # Rounding to the decimals that were meant is an independent oracle for the noisy file.
    sizes = [Decimal(repr(amount)).quantize(Decimal(1).scaleb(-decimals[1])) for amount in table["amount"].to_pylist()]
    assert converted["size"] == sizes
    assert converted["ts_event"] == (table["timestamp"].to_numpy() * 1000).tolist()
    recorded = np.array(table["local_timestamp"].to_pylist()) * 1000
    moved = np.array(converted["ts_init"]) - recorded
    assert moved.min() >= 0
    assert moved.max() < 1000
