"""A small engine catalog: trades and books of one linear perpetual, written in the engine's format."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from run_configs import run_config
from tickreel.engine import catalog_format
from tickreel.engine.instrument import Instrument, engine_instrument
from tickreel.engine.replay import ReplayFile, Shortcuts, catalog_view, replay
from tickreel.engine.tape import Tape
from tickreel.rpc.settings import Settings
from tickreel.rpc.violations import Violations
from tickreel.runner.config.config_json import read_document
from tickreel.runner.config.rules import check_config
from tickreel.runner.config.strategy_registry import installed_strategies
from tickreel.runner.window.window_rows import WindowRows
from tickreel.stores.converted_rows import Slice
from tickreel.stores.depths import read_depths
from tickreel.stores.trades import read_trades
from tickreel.v1 import market_data_pb2, result_pb2, run_config_pb2

RAW_NAME = "BINANCE-FUTURES:PERPETUAL:BTC-USDT"
ENGINE_ID = "BTC-USDT-PERP.BINANCE-FUTURES"
START = 1_721_300_000_000_000_000
# Window of the config, ns. Rows written from START on lie inside it.
WINDOW = (1_721_260_800_000_000_000, 1_721_347_200_000_000_999)


def instrument() -> Instrument:
    """Return an instrument with one price decimal and three size decimals."""
    config = run_config_pb2.InstrumentConfig(
        price_precision=1,
        size_precision=3,
        base_currency="BTC",
        quote_currency="USDT",
        settlement_currency="USDT",
        multiplier=1,
        lot_size=0.001,
    )
    return engine_instrument(ENGINE_ID, config)


def write_rows(folder: Path, ts_init: Sequence[int], first_price: int = 640_000) -> ReplayFile:
    """Write trades with rising prices (one tick a row), sizes 0.001, 0.002, ..., and alternating sides."""
    return write_trades(folder, [(ts, (row + 1) % 2, first_price + row, 1 + row) for row, ts in enumerate(ts_init)])


def write_trades(
    folder: Path,
    rows: Sequence[tuple[int, int, int, int]],
    *,
    price_precision: int = 1,
    size_precision: int = 3,
    engine_id: str = ENGINE_ID,
) -> ReplayFile:
    """Write trades given as (ts_init, 1 for a buyer, price in ticks, size in smallest units)."""
    ts, buys, price, size = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    table = pa.table(
        {
            "price": catalog_format.decimals(price, price_precision),
            "size": catalog_format.decimals(size, size_precision),
            "aggressor_side": catalog_format.sides((1 - buys).astype(np.int8)),
            "trade_id": pa.array([f"t{row}" for row in range(len(rows))]),
            "ts_event": catalog_format.times(ts),
            "ts_init": catalog_format.times(ts),
        },
        schema=catalog_format.TRADE_SCHEMA.with_metadata(
            dict(catalog_format.trade_metadata(engine_id, price_precision, size_precision))
        ),
    )
    return _write(folder, table, market_data_pb2.DATA_TYPE_TRADES)


Levels = Sequence[tuple[int, int]]


def write_books(folder: Path, rows: Sequence[tuple[int, Levels, Levels]], *, engine_id: str = ENGINE_ID) -> ReplayFile:
    """Write books given as (ts_init, bids, asks). A level is (price in ticks of 0.1, size in 0.001), best first."""
    ts = np.array([row[0] for row in rows], dtype=np.int64)
    sides = {}
    for name, side in (("bids", [bids for _, bids, _ in rows]), ("asks", [asks for _, _, asks in rows])):
        flat = np.array([level for levels in side for level in levels], dtype=np.int64).reshape(-1, 2)
        counts = np.array([len(levels) for levels in side])
        price, size = (np.ascontiguousarray(column) for column in flat.T)
        sides[name] = catalog_format.levels(catalog_format.decimals(price, 1), catalog_format.decimals(size, 3), counts)
    table = pa.table(
        {
            **sides,
            "flags": pa.array(np.full(len(rows), 32, dtype=np.uint8)),
            "sequence": pa.array(np.arange(len(rows), dtype=np.uint64)),
            "ts_event": catalog_format.times(ts),
            "ts_init": catalog_format.times(ts),
        },
        schema=catalog_format.DEPTH_SCHEMA.with_metadata(dict(catalog_format.depth_metadata(engine_id, 1, 3))),
    )
    return _write(folder, table, market_data_pb2.DATA_TYPE_BOOK_SNAPSHOT_5)


def _write(folder: Path, table: pa.Table, data_type: market_data_pb2.DataType) -> ReplayFile:
    ts_init = table["ts_init"].cast(pa.int64()).to_numpy()
    first, last = int(ts_init[0]), int(ts_init[-1])
    path = folder / catalog_format.FOLDERS[data_type] / catalog_format.file_name(first, last)
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, row_group_size=100)
    return ReplayFile(path, data_type, first, last, *WINDOW)


def window_rows(files: Sequence[ReplayFile]) -> WindowRows:
    """Return the trades and books of the files inside their replay windows."""
    trades, books = (
        [Slice(file.path, file.start, file.end) for file in files if file.data_type == kind]
        for kind in (market_data_pb2.DATA_TYPE_TRADES, market_data_pb2.DATA_TYPE_BOOK_SNAPSHOT_5)
    )
    return WindowRows(read_trades(trades, WindowRows.TRADE_COLUMNS), read_depths(books, WindowRows.BOOK_COLUMNS), 1, 3)


def replay_config(
    balance: float = 1e6,
    *,
    mode: result_pb2.SnapshotMode = result_pb2.SNAPSHOT_MODE_TRADES,
    venue: Mapping[str, object] = MappingProxyType({}),
    instrument: Mapping[str, object] = MappingProxyType({}),
    **strategy: object,
) -> run_config_pb2.RunConfig:
    """Return a resolved config of the instrument, with extra keys for instrument, venue and strategy."""
    document = run_config(RAW_NAME, "2024-07-18T00:00:00Z", "2024-07-19T00:00:00Z", starting_balance=balance)
    document["venue"] = {key: value for key, value in (document["venue"] | venue).items() if value is not None}
    document["instrument"] |= instrument
    document["strategy"] |= strategy
    violations = Violations()
    config = read_document(document, violations)
    settings = Settings.from_env({"UNIFIED_CLOUD_LOCAL_PATH": "raw", "DATA_CATALOG_PATH": "catalog"})
    check_config(config, installed_strategies(), settings, violations, mode)
    assert not len(violations), list(violations)
    return config


class Replayed(NamedTuple):
    """A strategy after its replay, and the tape of the replay."""

    strategy: Any
    tape: Tape


def replay_files(
    strategy: type[Any],
    config: run_config_pb2.RunConfig,
    folder: Path,
    files: Sequence[ReplayFile],
    *,
    chunk_size: int = 1_000,
    shortcuts: Shortcuts = Shortcuts(),  # noqa: B008 - frozen
    first_book: int | None = None,
    tape: Tape | None = None,
) -> Replayed:
    """Replay whole files through a strategy that is made of the instrument and the config, onto an empty tape."""
    folder.mkdir(parents=True, exist_ok=True)
    traded, tape = engine_instrument(ENGINE_ID, config.instrument), tape or Tape()
    made = replay(
        config,
        traded,
        strategy,
        lambda of: of(traded, config),
        catalog_view(folder, traded, files),
        chunk_size,
        tape,
        shortcuts=shortcuts,
        first_book=first_book,
    )
    return Replayed(made, tape)
