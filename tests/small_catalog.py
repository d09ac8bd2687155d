"""A little catalog for the engine: rows of one linear perpetual, written in its own format."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from run_configs import run_config
from tickreel.engine import catalog_format
from tickreel.engine.instruments import Instrument, linear_perpetual
from tickreel.engine.replay import TradeFile, catalog_view, replay
from tickreel.engine.strategy import ReplayStrategy
from tickreel.runner.document import read_document
from tickreel.runner.violations import Violations
from tickreel.v1 import run_config_pb2

RAW_NAME = "BINANCE-FUTURES:PERPETUAL:BTC-USDT"
ENGINE_ID = "BTC-USDT-PERP.BINANCE-FUTURES"
START = 1_721_300_000_000_000_000


def instrument() -> Instrument:
    """One price decimal, three size decimals."""
    config = run_config_pb2.InstrumentConfig(
        price_precision=1,
        size_precision=3,
        base_currency="BTC",
        quote_currency="USDT",
        settlement_currency="USDT",
        multiplier=1,
        lot_size=0.001,
    )
    return linear_perpetual(ENGINE_ID, config)


def write_rows(folder: Path, ts_init: Sequence[int], first_price: int = 640_000) -> TradeFile:
    """Writes rows whose prices rise by a tick each, sizes 0.001, 0.002 and on, sides by turns."""
    rows = len(ts_init)
    times = np.array(ts_init, dtype=np.int64)
    table = pa.table(
        {
            "price": catalog_format.decimals(first_price + np.arange(rows), 1),
            "size": catalog_format.decimals(1 + np.arange(rows), 3),
            "aggressor_side": catalog_format.sides((np.arange(rows) % 2).astype(np.int8)),
            "trade_id": pa.array([f"t{row}" for row in range(rows)]),
            "ts_event": catalog_format.times(times),
            "ts_init": catalog_format.times(times),
        },
        schema=catalog_format.TRADE_SCHEMA.with_metadata(catalog_format.trade_metadata(ENGINE_ID, 1, 3)),
    )
    path = folder / catalog_format.file_name(ts_init[0], ts_init[-1])
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, row_group_size=100)
    return TradeFile(path, ts_init[0], ts_init[-1])


def replay_files(
    strategy: ReplayStrategy, folder: Path, files: Sequence[TradeFile], *, chunk_size: int = 1_000, balance: float = 1e6
) -> ReplayStrategy:
    """Replays whole files through a strategy."""
    config = read_document(
        run_config(RAW_NAME, "2024-07-18T00:00:00Z", "2024-07-19T00:00:00Z", starting_balance=balance), Violations()
    )
    folder.mkdir(parents=True)
    lanes = catalog_view(folder, strategy.instrument, files)
    end = max(file.last for file in files)
    replay(config, strategy, lanes, min(file.first for file in files), end, chunk_size)
    return strategy
