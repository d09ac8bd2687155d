"""Trades of catalog files are read as columns of integers."""

from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickreel.rpc.errors import TickreelError
from tickreel.stores.converted_rows import ALL_TIMES, Slice
from tickreel.stores.trades import TradeRows, read_trades

TIME = pa.timestamp("ns", tz="UTC")
START = 1_721_300_000_000_000_000


def table(prices: list[Decimal], sides: list[str] | None = None, start: int = START, step: int = 1) -> pa.Table:
    rows = len(prices)
    times = pa.array([start + step * row for row in range(rows)]).cast(TIME)
    return pa.table(
        {
            "price": pa.array(prices, pa.decimal128(38, 16)),
            "size": pa.array([Decimal("0.25")] * rows, pa.decimal128(38, 16)),
            "aggressor_side": pa.array(sides or ["BUY"] * rows).dictionary_encode(),
            "trade_id": pa.array([str(row) for row in range(rows)]),
            "ts_event": times,
            "ts_init": times,
        }
    )


def trade_rows(prices: list[Decimal], sides: list[str] | None = None) -> TradeRows:
    (batch,) = table(prices, sides).to_batches()
    return TradeRows(batch)


@given(st.lists(st.integers(0, 2**62), min_size=1, max_size=20), st.integers(0, 8))
def test_a_price_is_scaled_by_its_precision(units: list[int], precision: int) -> None:
    rows = trade_rows([Decimal(unit).scaleb(-precision) for unit in units])
    assert rows.price(precision).tolist() == units


def test_a_price_beyond_64_bits_is_a_python_integer_and_is_refused_on_the_wire() -> None:
    rows = trade_rows([Decimal("12"), Decimal("922.5")])
    assert rows.price(15).dtype == np.int64
    assert rows.price(16).tolist() == [12 * 10**16, 9225 * 10**15]
    assert rows.int64s("price", 15).tolist() == [12 * 10**15, 9225 * 10**14]
    for precision, bound in ((16, "922.3372036854775807"), (0, "9223372036854775807")):
        with pytest.raises(TickreelError, match=r"price 922\.5 does not fit") as refusal:
            rows.int64s("price", precision)
        assert (refusal.value.reason, refusal.value.metadata["bound"]) == ("DATA_REFUSED", bound)


def test_sides_do_not_depend_on_the_dictionary() -> None:
    rows = trade_rows([Decimal(1)] * 4, ["SELL", "NO_AGGRESSOR", "BUY", "SELL"])
    assert rows.side.tolist() == [2, 0, 1, 2]


@given(st.integers(-5, 260), st.integers(-5, 260), st.sampled_from([1, 7, 1_000]))
def test_a_window_has_its_rows_and_no_others(tmp_path_factory: pytest.TempPathFactory, low: int, high: int, batch: int) -> None:
    path = tmp_path_factory.mktemp("catalog") / "rows.parquet"
    pq.write_table(table([Decimal(row) for row in range(250)]), path, row_group_size=40)
    read = [
        row
        for rows in read_trades([Slice(path, START + low, START + high)], ["price"], batch)
        for row in rows.price(0).tolist()
    ]
    assert read == [row for row in range(250) if low <= row <= high]


def test_a_file_that_is_gone_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        next(read_trades([Slice(tmp_path / "gone.parquet", 0, 1)]))


def test_overlapping_files_are_read_in_order_of_time(tmp_path: Path) -> None:
    numbers = [Decimal(row) for row in range(100)]
    files = {
        "late": table(numbers, ["SELL"] * 100, START + 5_000),
        "evening": table(numbers, ["BUY"] * 100, START, step=10),
        "morning": table(numbers, ["SELL", "NO_AGGRESSOR"] * 50, START + 955, step=10),
    }
    for name, rows in files.items():
        pq.write_table(rows, tmp_path / name, row_group_size=30)
    read = list(read_trades([Slice(tmp_path / name, START, START + 6_000) for name in files]))
    times = [time for rows in read for time in rows.ts_init.tolist()]
    sides = [side for rows in read for side in rows.side.tolist()]
    assert times == sorted(time for rows in files.values() for time in rows["ts_init"].cast(pa.int64()).to_numpy().tolist())
    assert sides[:100] == [1] * 96 + [2, 1, 0, 1]
    assert [price for rows in read for price in rows.price(0).tolist()][-100:] == list(range(100))


def test_each_file_has_its_own_span(tmp_path: Path) -> None:
    for name, start in (("first", START), ("second", START + 50)):
        pq.write_table(table([Decimal(row) for row in range(100)], start=start), tmp_path / name)
    slices = [Slice(tmp_path / "first", START + 10, START + 11), Slice(tmp_path / "second", START + 52, START + 52)]
    assert [price for rows in read_trades(slices) for price in rows.price(0).tolist()] == [10, 11, 2]
    (whole,) = read_trades([Slice(tmp_path / "first", *ALL_TIMES)])
    assert len(whole) == 100
