"""Catalog files of trades, read by the engine itself."""

import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nautilus_trader.backtest import (
    BacktestDataConfig,
    BacktestEngineConfig,
    BacktestNode,
    BacktestRunConfig,
    BacktestVenueConfig,
)
from nautilus_trader.common import LoggerConfig
from nautilus_trader.execution import MakerTakerFeeModel
from nautilus_trader.model import CryptoPerpetual, Currency, InstrumentId, NautilusDataType, Price, Quantity, Symbol, TradeTick
from nautilus_trader.persistence import ParquetDataCatalog
from nautilus_trader.trading import Strategy

from tickreel.engine import catalog_format
from tickreel.engine.catalog_format import MAX_PRICE, MAX_SIZE, SIDES, TRADE_SCHEMA

ENGINE_ID = "BTC-USDT-PERP.BINANCE-FUTURES"
START = 1_721_304_000_000_000_000
UNITS = st.lists(st.tuples(st.integers(1, 10**15 - 1), st.integers(0, 16)), min_size=1, max_size=30)


def _write(root: Path, rows: int = 3, *, step: int = 1_000_000, row_group: int = 65_536, **changed: Any) -> Path:
    """Write a catalog file as the conversion does; columns may be replaced."""
    times = START + np.arange(rows) * step
    columns = {
        "price": catalog_format.decimals(np.arange(1, rows + 1) + 640_000, 1),
        "size": catalog_format.decimals(np.arange(1, rows + 1), 3),
        "aggressor_side": catalog_format.sides((np.arange(rows) % 3).astype(np.int8)),
        "trade_id": pa.array([f"id {row}" for row in range(rows)]),
        "ts_event": catalog_format.times(times - 5),
        "ts_init": catalog_format.times(times),
    } | changed
    path = root / "data/trades" / ENGINE_ID / catalog_format.file_name(int(times[0]), int(times[-1]))
    path.parent.mkdir(parents=True)
    encoding = {"ts_init": "DELTA_BINARY_PACKED"}
    dictionary = ["price", "size", "aggressor_side"]
    with pq.ParquetWriter(
        path,
        TRADE_SCHEMA,
        compression="zstd",
        use_dictionary=dictionary,  # type: ignore[arg-type]  # the stub knows no lists of columns
        column_encoding=encoding,
    ) as writer:
        writer.write_table(pa.Table.from_arrays(list(columns.values()), schema=TRADE_SCHEMA), row_group)
        writer.add_key_value_metadata({**catalog_format.trade_metadata(ENGINE_ID, 1, 3), "tickreel.source": "x"})
    return path


def _read(root: Path, start: int | None = None, end: int | None = None) -> list[TradeTick]:
    return ParquetDataCatalog(str(root)).query_trade_ticks([ENGINE_ID], start, end)


def test_the_engine_reads_every_value_as_it_was_written(tmp_path: Path) -> None:
    _write(tmp_path)
    ticks = _read(tmp_path)
    assert [str(tick.price) for tick in ticks] == ["64000.1", "64000.2", "64000.3"]
    assert [str(tick.size) for tick in ticks] == ["0.001", "0.002", "0.003"]
    assert [tick.aggressor_side.name for tick in ticks] == list(SIDES)
    assert [str(tick.trade_id) for tick in ticks] == ["id 0", "id 1", "id 2"]
    assert [(tick.ts_event, tick.ts_init) for tick in ticks] == [(START + r * 10**6 - 5, START + r * 10**6) for r in range(3)]
    assert str(ticks[0].instrument_id) == ENGINE_ID


def test_the_schema_is_the_engines_own(tmp_path: Path) -> None:
    ours, theirs = _write(tmp_path / "ours"), tmp_path / "theirs"
    theirs.mkdir()
    written = ParquetDataCatalog(str(theirs)).write_trade_ticks(_read(tmp_path / "ours"))
    assert (theirs / written).relative_to(theirs) == ours.relative_to(tmp_path / "ours"), "the same path and name"
    table = pq.ParquetFile(theirs / written).read()
    assert table.schema.remove_metadata() == TRADE_SCHEMA.remove_metadata()
    assert table.replace_schema_metadata() == pq.ParquetFile(ours).read().replace_schema_metadata()
    engine_metadata = {key.decode(): value.decode() for key, value in pq.read_schema(theirs / written).metadata.items()}
    assert engine_metadata == catalog_format.trade_metadata(ENGINE_ID, 1, 3)


@pytest.mark.parametrize("row_group", [1_000, 65_536])
def test_windows_are_inclusive_and_in_order(tmp_path: Path, row_group: int) -> None:
    _write(tmp_path, 100_000, step=7, row_group=row_group)
    for first, last in ((0, 99_999), (0, 0), (99_999, 99_999), (12_345, 67_890)):
        ticks = _read(tmp_path, START + first * 7, START + last * 7)
        assert [tick.ts_init for tick in ticks] == list(range(START + first * 7, START + last * 7 + 1, 7))
    assert _read(tmp_path, START + 1, START + 6) == []


class CountTrades(Strategy):
    """Records the rows that it receives."""

    def on_start(self) -> None:
        self.rows: list[int] = []
        self.subscribe_trades(InstrumentId.from_str(ENGINE_ID))

    def on_trade(self, trade: TradeTick) -> None:
        self.rows.append(trade.ts_init)


@pytest.mark.parametrize(("first", "last"), [(None, None), (20_000, 90_000)])
def test_a_backtest_node_replays_the_file(tmp_path: Path, first: int | None, last: int | None) -> None:
    _write(tmp_path, 100_000, step=1)
    usdt, btc = Currency.from_str("USDT"), Currency.from_str("BTC")
    identity, symbol = InstrumentId.from_str(ENGINE_ID), Symbol("BTC-USDT")
    tick, lot = Price.from_str("0.1"), Quantity.from_str("0.001")
    ParquetDataCatalog(str(tmp_path)).write_instruments(
        [CryptoPerpetual(identity, symbol, btc, usdt, usdt, False, 1, 3, tick, lot, 0, 0)]
    )
    fees = MakerTakerFeeModel(Decimal(0), Decimal(0))
    venue = BacktestVenueConfig("BINANCE-FUTURES", "NETTING", "MARGIN", ["1000 USDT"], base_currency=usdt, fee_model=fees)
    start, end = (None if row is None else START + row for row in (first, last))
    data = BacktestDataConfig(NautilusDataType.TradeTick, str(tmp_path), instrument_id=identity, start_time=start, end_time=end)
    engine = BacktestEngineConfig(logging=LoggerConfig(bypass_logging=True))
    node = BacktestNode([BacktestRunConfig([venue], [data], engine, id="run", chunk_size=10_000, dispose_on_completion=False)])
    node.build()
    strategy = CountTrades()
    node.add_strategy("run", strategy)
    node.run()
    assert strategy.rows == list(range(START + (first or 0), START + (99_999 if last is None else last) + 1))
    node.dispose()


@given(UNITS)
def test_decimals_are_exact(values: list[tuple[int, int]]) -> None:
    units, places = (np.array(column) for column in zip(*values, strict=True))
    expected = [Decimal(unit).scaleb(-place) for unit, place in values]
    assert catalog_format.decimals(units, places.astype(np.int8)).to_pylist() == expected
    one = int(places[0])
    assert catalog_format.decimals(units, one).to_pylist() == [Decimal(unit).scaleb(-one) for unit, _ in values]


def test_file_names_have_nanoseconds() -> None:
    name = "2024-07-18T12-00-00-000000000Z_2024-07-18T12-00-00-000000001Z.parquet"
    assert catalog_format.file_name(START, START + 1) == name


def test_the_greatest_values_are_read_back(tmp_path: Path) -> None:
    price, size = (catalog_format.decimals(np.array([limit, 1]), 0) for limit in (MAX_PRICE, MAX_SIZE))
    _write(tmp_path, 2, price=price, size=size)
    assert [str(tick.price) for tick in _read(tmp_path)] == [f"{MAX_PRICE}.0", "1.0"]
    _write(tmp_path / "beyond", 2, price=catalog_format.decimals(np.array([MAX_PRICE + 1, 1]), 0))
    with pytest.raises(OSError, match="outside valid range"):
        _read(tmp_path / "beyond")
    _write(tmp_path / "size", 2, size=catalog_format.decimals(np.array([MAX_SIZE + 1, 1]), 0))
    with pytest.raises(OSError, match="exceeds QUANTITY_RAW_MAX"):
        _read(tmp_path / "size")


FIT = ["x", "x" * 36, "a b", " x ", "\tx", "a\x7fb", "\x1c", "row-20240718-0", "ccc1fa3c-212c-e8b0-1706-9b9c4f3d5ecf"]
UNFIT = ["", "x" * 37, "é", "a\0b", "b\0", " ", " \t\n\x0c\r"]


def test_fit_ids_are_read_back(tmp_path: Path) -> None:
    assert catalog_format.fit_ids(pa.array([*FIT, *UNFIT, None])).to_pylist() == [True] * len(FIT) + [False] * (len(UNFIT) + 1)
    for ids in (FIT, ["1", "2"], []):
        assert catalog_format.fit_ids(pa.array(ids, pa.string())).to_pylist() == [True] * len(ids)
    assert catalog_format.fit_ids(pa.array(["ok", "", "x" * 37])[1:]).to_pylist() == [False, False]
    _write(tmp_path, len(FIT), trade_id=pa.array(FIT))
    assert [str(tick.trade_id) for tick in _read(tmp_path)] == FIT


@pytest.mark.parametrize("unfit", UNFIT)
def test_the_engine_aborts_on_an_unfit_id(tmp_path: Path, unfit: str) -> None:
    _write(tmp_path, 2, trade_id=pa.array(["ok", unfit]))
    code = "import sys; from nautilus_trader.persistence import ParquetDataCatalog as C; C(sys.argv[1]).query_trade_ticks()"
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, check=False)
    assert done.returncode < 0, "if the engine holds such an id now, keep it"


def test_no_other_word_is_a_side(tmp_path: Path) -> None:
    sides = pa.DictionaryArray.from_arrays(pa.array([0, 1], pa.int8()), pa.array(["BUY", "UNKNOWN"]))
    _write(tmp_path, 2, aggressor_side=sides)
    with pytest.raises(OSError, match="AggressorSide"):
        _read(tmp_path)


@pytest.mark.parametrize("name", ["a b", "a:b", "é", "a[b"])
def test_roots_with_special_characters_are_read(tmp_path: Path, name: str) -> None:
    _write(tmp_path / name)
    assert len(_read(tmp_path / name)) == 3


@pytest.mark.parametrize("name", ["a#b", "a?b", "a%20b"])
def test_the_engine_does_not_read_below_roots_with_url_marks(tmp_path: Path, name: str) -> None:
    # This is why a replay never passes the user's folder to the engine.
    _write(tmp_path / name)
    with pytest.raises(OSError, match=r"does not match the expected extension|No files found"):
        _read(tmp_path / name)


def test_the_installed_engine_is_the_pinned_version() -> None:
    assert catalog_format.engine_version() == "2.0.0rc7"
