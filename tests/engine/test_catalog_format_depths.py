"""Catalog files of book snapshots, read by the engine itself."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from nautilus_trader.backtest import (
    BacktestDataConfig,
    BacktestEngineConfig,
    BacktestNode,
    BacktestRunConfig,
    BacktestVenueConfig,
)
from nautilus_trader.common import LoggerConfig
from nautilus_trader.execution import MakerTakerFeeModel
from nautilus_trader.model import (
    BookType,
    CryptoPerpetual,
    Currency,
    InstrumentId,
    NautilusDataType,
    OrderBook,
    OrderBookDepth,
    Price,
    Quantity,
    Symbol,
)
from nautilus_trader.persistence import ParquetDataCatalog
from nautilus_trader.trading import Strategy

from tickreel.engine import catalog_format
from tickreel.engine.catalog_format import DEPTH_SCHEMA, FOLDERS
from tickreel.v1 import market_data_pb2

ENGINE_ID = "BTC-USDT-PERP.BINANCE-FUTURES"
START = 1_721_304_000_000_000_000

Side = list[list[tuple[int, int]]]


def _levels(side: Side) -> pa.ListArray:
    flat = np.array([level for levels in side for level in levels], dtype=np.int64).reshape(-1, 2)
    price, size = (catalog_format.decimals(np.ascontiguousarray(flat[:, part]), places) for part, places in ((0, 1), (1, 3)))
    return catalog_format.levels(price, size, np.array([len(levels) for levels in side], dtype=np.uint8))


def _write(root: Path, bids: Side, asks: Side, *, step: int = 1_000_000, row_group: int = 65_536) -> Path:
    """Write a catalog file as the conversion does. A level is a price in tenths and a size in thousandths."""
    times = START + np.arange(len(bids)) * step
    columns = [
        _levels(bids),
        _levels(asks),
        catalog_format.snapshot_flags(len(bids)),
        pa.array(np.arange(len(bids), dtype=np.uint64)),
        catalog_format.times(times - 5),
        catalog_format.times(times),
    ]
    folder = root / FOLDERS[market_data_pb2.DATA_TYPE_BOOK_SNAPSHOT_5] / ENGINE_ID
    path = folder / catalog_format.file_name(int(times[0]), int(times[-1]))
    path.parent.mkdir(parents=True)
    with pq.ParquetWriter(
        path,
        DEPTH_SCHEMA,
        compression="zstd",
        use_dictionary=["flags", "bids.list.item.price"],  # type: ignore[arg-type]  # the stub knows no lists of columns
        column_encoding={"ts_init": "DELTA_BINARY_PACKED", "sequence": "DELTA_BINARY_PACKED"},
        use_compliant_nested_type=False,
    ) as writer:
        writer.write_table(pa.Table.from_arrays(columns, schema=DEPTH_SCHEMA), row_group)
        writer.add_key_value_metadata({**catalog_format.depth_metadata(ENGINE_ID, 1, 3), "tickreel.source": "x"})
    return path


def _many(root: Path, rows: int, **options: Any) -> None:
    bids: Side = [[(640_000 + row % 7 - level, 1 + level) for level in range(1 + row % 5)] for row in range(rows)]
    asks: Side = [[(640_008 + row % 7 + level, 1 + level) for level in range(row % 6)] for row in range(rows)]
    _write(root, bids, asks, **options)


def _read(root: Path, start: int | None = None, end: int | None = None) -> list[OrderBookDepth]:
    return ParquetDataCatalog(str(root)).query_order_book_depths([ENGINE_ID], start, end)


BIDS: Side = [[(640_001, 2), (639_999, 1)], [], [(640_003, 5)], []]
ASKS: Side = [[(640_002, 7)], [(640_002, 1), (640_005, 2), (640_006, 3)], [], []]


def test_the_engine_reads_every_value_as_it_was_written(tmp_path: Path) -> None:
    _write(tmp_path, BIDS, ASKS)
    depths = _read(tmp_path)
    for name, expected in (("bids", BIDS), ("asks", ASKS)):
        sides = [getattr(depth, name) for depth in depths]
        found = [[(level.price.as_decimal(), level.size.as_decimal()) for level in side] for side in sides]
        assert found == [[(Decimal(price) / 10, Decimal(size) / 1000) for price, size in levels] for levels in expected]
        assert {level.order_id for side in sides for level in side} == {0}
    assert [depth.bid_counts for depth in depths] == [[1] * len(levels) for levels in BIDS]
    assert [depth.ask_counts for depth in depths] == [[1] * len(levels) for levels in ASKS]
    assert [(depth.flags, depth.sequence) for depth in depths] == [(32, row) for row in range(4)]
    times = [(START + row * 10**6 - 5, START + row * 10**6) for row in range(4)]
    assert [(depth.ts_event, depth.ts_init) for depth in depths] == times
    assert str(depths[0].instrument_id) == ENGINE_ID


def test_the_schema_is_the_engines_own(tmp_path: Path) -> None:
    ours, theirs = _write(tmp_path / "ours", BIDS, ASKS), tmp_path / "theirs"
    theirs.mkdir()
    written = ParquetDataCatalog(str(theirs)).write_order_book_depths(_read(tmp_path / "ours"))
    assert (theirs / written).relative_to(theirs) == ours.relative_to(tmp_path / "ours"), "the same path and name"
    table = pq.ParquetFile(theirs / written).read()
    # As text too: Arrow ignores the names of list elements when it compares types.
    assert table.schema.remove_metadata() == DEPTH_SCHEMA
    assert str(table.schema.remove_metadata()) == str(pq.ParquetFile(ours).read().schema.remove_metadata())
    assert _column_paths(theirs / written) == _column_paths(ours)
    assert table.replace_schema_metadata() == pq.ParquetFile(ours).read().replace_schema_metadata()
    engine_metadata = {key.decode(): value.decode() for key, value in pq.read_schema(theirs / written).metadata.items()}
    assert engine_metadata == catalog_format.depth_metadata(ENGINE_ID, 1, 3)


@pytest.mark.parametrize("row_group", [1_000, 65_536])
def test_windows_are_inclusive_and_in_order(tmp_path: Path, row_group: int) -> None:
    _many(tmp_path, 20_000, step=7, row_group=row_group)
    for first, last in ((0, 19_999), (0, 0), (19_999, 19_999), (2_345, 17_890)):
        depths = _read(tmp_path, START + first * 7, START + last * 7)
        assert [depth.ts_init for depth in depths] == list(range(START + first * 7, START + last * 7 + 1, 7))
        assert [depth.sequence for depth in depths] == list(range(first, last + 1))
    assert _read(tmp_path, START + 1, START + 6) == []


def _column_paths(path: Path) -> list[str]:
    schema = pq.ParquetFile(path).schema
    return [schema.column(number).path for number in range(len(schema.names))]


class WatchBook(Strategy):
    """Records the snapshots that it receives."""

    def on_start(self) -> None:
        self.rows: list[tuple[int, int, int]] = []
        self.subscribe_book_depth(InstrumentId.from_str(ENGINE_ID), BookType.L2_MBP)

    def on_book_depth(self, depth: OrderBookDepth) -> None:
        self.rows.append((depth.ts_init, len(depth.bids), len(depth.asks)))


@pytest.mark.parametrize(("first", "last"), [(None, None), (2_000, 9_000)])
def test_a_backtest_node_replays_the_file(tmp_path: Path, first: int | None, last: int | None) -> None:
    _many(tmp_path, 20_000, step=1)
    usdt, btc = Currency.from_str("USDT"), Currency.from_str("BTC")
    identity, symbol = InstrumentId.from_str(ENGINE_ID), Symbol("BTC-USDT")
    tick, lot = Price.from_str("0.1"), Quantity.from_str("0.001")
    ParquetDataCatalog(str(tmp_path)).write_instruments(
        [CryptoPerpetual(identity, symbol, btc, usdt, usdt, False, 1, 3, tick, lot, 0, 0)]
    )
    fees = MakerTakerFeeModel(Decimal(0), Decimal(0))
    venue = BacktestVenueConfig(
        "BINANCE-FUTURES", "NETTING", "MARGIN", ["1000 USDT"], "L2_MBP", base_currency=usdt, fee_model=fees
    )
    start, end = (None if row is None else START + row for row in (first, last))
    data = BacktestDataConfig(
        NautilusDataType.OrderBookDepth, str(tmp_path), instrument_id=identity, start_time=start, end_time=end
    )
    engine = BacktestEngineConfig(logging=LoggerConfig(bypass_logging=True))
    node = BacktestNode([BacktestRunConfig([venue], [data], engine, id="run", chunk_size=3_000, dispose_on_completion=False)])
    node.build()
    strategy = WatchBook()
    node.add_strategy("run", strategy)
    node.run()
    rows = range(first or 0, 20_000 if last is None else last + 1)
    assert strategy.rows == [(START + row, 1 + row % 5, row % 6) for row in rows]
    node.dispose()


def test_a_snapshot_replaces_the_whole_book(tmp_path: Path) -> None:
    crossed: Side = [[(640_009, 3)]]
    doubled: Side = [[(640_002, 7), (640_002, 4)]]
    _write(tmp_path, [*BIDS, *crossed, *doubled], [*ASKS, *doubled, *doubled])
    book = OrderBook(InstrumentId.from_str(ENGINE_ID), BookType.L2_MBP)
    best = []
    for depth in _read(tmp_path):
        book.apply_depth(depth)
        best.append((book.best_bid_price(), book.best_ask_price()))
    prices = [(None if bid is None else str(bid), None if ask is None else str(ask)) for bid, ask in best]
    assert prices == [
        ("64000.1", "64000.2"),
        (None, "64000.2"),
        ("64000.3", None),
        (None, None),
        ("64000.9", "64000.2"),
        ("64000.2", "64000.2"),
    ]
    assert str(book.best_ask_size()) == "0.004", "of a price that comes twice the last size counts"
