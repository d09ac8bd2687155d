"""Raw files as exchanges record them, and the real ones where they are at hand."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tickreel.stores.instrument_name import InstrumentName
from tickreel.stores.raw import RawStore
from tickreel.stores.raw_schema import TRADES
from tickreel.stores.source_search import SourceSearch

BTC = "BINANCE-FUTURES:PERPETUAL:BTC-USDT"
ETH = "BINANCE-FUTURES:PERPETUAL:ETH-USDT"
DAY = "2024-07-18"

_SHARED = Path(os.environ.get("TICKREEL_TEST_DATA") or Path(__file__).parents[2] / "shared/data")

needs_real_data = pytest.mark.skipif(not (_SHARED / "raw_tick_data").is_dir(), reason="the recorded data is not here")


def real_data() -> Path:
    """The data root of the real recordings; for tests marked `needs_real_data`."""
    return _SHARED


def micros(text: str) -> int:
    """The µs since 1970 of an ISO 8601 time in UTC."""
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1_000_000)


def nanos(text: str) -> int:
    """The nanoseconds since 1970 of an ISO 8601 time in UTC."""
    return micros(text) * 1000


NOON = micros(f"{DAY}T12:00:00")


def trades(rows: int = 5, **columns: Any) -> pa.Table:
    """A table in the exchange schema; columns replace the made-up ones, None drops one."""
    row = np.arange(rows)
    made: dict[str, Any] = {
        "exchange": _repeat("binance-futures", rows),
        "symbol": _repeat("BTCUSDT", rows),
        "timestamp": NOON + 1000 * row - 700,
        "local_timestamp": NOON + 1000 * row,
        "id": pa.array(100 + row).cast(pa.string()),
        "side": pa.array(["sell", "buy"]).take(pa.array(row % 2)),
        "price": 64_000.5 + row,
        "amount": (row + 1) / 1000,
    }
    made |= columns
    return pa.table({name: values for name, values in made.items() if values is not None})


def _repeat(word: str, rows: int) -> pa.Array:
    return pa.array([word]).take(pa.array(np.zeros(rows, dtype=np.int64)))


@dataclass(frozen=True)
class RawFolder:
    """A data root to write raw files below."""

    root: Path

    def path(self, day: str = DAY, name: str = BTC, data_type: str = "trades") -> Path:
        """Where the layout has a file."""
        return self.root / "raw_tick_data/by_date" / f"day-{day}" / f"data_type-{data_type}" / f"{name}.parquet"

    def write(self, table: pa.Table, day: str = DAY, name: str = BTC, data_type: str = "trades", **options: Any) -> Path:
        """Writes a raw file."""
        path = self.path(day, name, data_type)
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, path, **options)
        return path

    @property
    def store(self) -> RawStore:
        """The store over it."""
        return RawStore(self.root)


def whole_days(*days: str) -> tuple[int, int]:
    """A window from the first instant of the first day to the last of the last."""
    return nanos(f"{days[0]}T00:00:00"), nanos(f"{days[-1]}T00:00:00") + 86_400 * 10**9 - 1


def search(window: Sequence[int], instrument: str = BTC, **parts: str) -> SourceSearch:
    """A search for trades."""
    return SourceSearch(InstrumentName.parse(instrument), TRADES, (window[0], window[1]), **parts)
