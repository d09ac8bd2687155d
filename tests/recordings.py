"""Raw files in the schemas that exchanges and the engine record, and the real recordings when they are present."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from tickreel.rpc.settings import CSV, PARQUET
from tickreel.stores.instrument_name import InstrumentName
from tickreel.stores.raw import RawStore
from tickreel.stores.raw_schema import LEVELS, TRADES
from tickreel.stores.source_search import SourceSearch
from tickreel.v1 import market_data_pb2

BTC = "BINANCE-FUTURES:PERPETUAL:BTC-USDT"
ETH = "BINANCE-FUTURES:PERPETUAL:ETH-USDT"
DAY = "2024-07-18"
EXCHANGE_WORD, SYMBOL_WORD = "binance-futures", "BTCUSDT"

_SHARED = Path(os.environ.get("TICKREEL_TEST_DATA") or Path(__file__).parents[2] / "shared/data")


def has_real_data() -> bool:
    """Return whether the real recordings are present."""
    return (_SHARED / "raw_tick_data").is_dir()


needs_real_data = pytest.mark.skipif(not has_real_data(), reason="the real recordings are not present")


def real_data() -> Path:
    """Return the data root of the real recordings, for tests marked `needs_real_data`."""
    return _SHARED


def micros(text: str) -> int:
    """Return µs since 1970 of an ISO 8601 time in UTC."""
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1_000_000)


def nanos(text: str) -> int:
    """Return ns since 1970 of an ISO 8601 time in UTC."""
    return micros(text) * 1000


NOON = micros(f"{DAY}T12:00:00")


def trades(rows: int = 5, **columns: Any) -> pa.Table:
    """Return generated trades in the exchange schema. `columns` replaces columns; None drops one."""
    row = np.arange(rows)
    made: dict[str, Any] = {
        "exchange": _repeat(EXCHANGE_WORD, rows),
        "symbol": _repeat(SYMBOL_WORD, rows),
        "timestamp": NOON + 1000 * row - 700,
        "local_timestamp": NOON + 1000 * row,
        "id": pa.array(100 + row).cast(pa.string()),
        "side": pa.array(np.where(row % 2, "buy", "sell")),
        "price": 64_000.5 + row,
        "amount": (row + 1) / 1000,
    }
    made |= columns
    return pa.table({name: values for name, values in made.items() if values is not None})


def books(rows: int = 5, **columns: Any) -> pa.Table:
    """Return generated book snapshots in the exchange schema, columns in tardis order. `columns` as in `trades`.

    Names of level columns are not Python names, so call `books(**{"asks[0].price": [1.5]})`.
    """
    row = np.arange(rows)
    made: dict[str, Any] = {
        "exchange": _repeat(EXCHANGE_WORD, rows),
        "symbol": _repeat(SYMBOL_WORD, rows),
        "timestamp": NOON + 1000 * row - 700,
        "local_timestamp": NOON + 1000 * row,
    }
    for level in range(LEVELS):
        # Dividing integers gives the same double as parsing the decimal.
        made |= {
            f"asks[{level}].price": (640_006 + 10 * row + level) / 10,
            f"asks[{level}].amount": (1 + (row + level) % 9) / 1000,
            f"bids[{level}].price": (640_005 + 10 * row - level) / 10,
            f"bids[{level}].amount": (2 + (row + level) % 7) / 1000,
        }
    made |= columns
    return pa.table({name: values for name, values in made.items() if values is not None})


def engine_trades(rows: int = 5, **columns: Any) -> pa.Table:
    """Return the rows of `trades(rows)` with the engine's column names. `columns` as in `trades`."""
    table = trades(rows)
    made: dict[str, Any] = {
        "ts_event": pc.multiply(table["timestamp"], 1000),
        "ts_init": pc.multiply(table["local_timestamp"], 1000),
        "price": table["price"],
        "size": table["amount"],
        "aggressor_side": pc.utf8_upper(table["side"]),
        "trade_id": table["id"],
    }
    made |= columns
    return pa.table({name: values for name, values in made.items() if values is not None})


def engine_books(rows: int = 5, exchange: pa.Table | None = None, **columns: Any) -> pa.Table:
    """Return snapshots in the schema of engine 2: one list of levels per side. `columns` as in `trades`.

    Args:
        exchange: The same rows in the exchange schema. Default: `books(rows)`.
    """
    table = books(rows) if exchange is None else exchange
    made: dict[str, Any] = _engine_head(table)
    for side in ("bids", "asks"):
        cells = [table[f"{side}[{level}].{part}"].to_pylist() for level in range(LEVELS) for part in ("price", "amount")]
        made[side] = [
            [
                {"price": price, "size": size, "count": 1, "order_id": 0}
                for price, size in zip(row[::2], row[1::2], strict=True)
                if price is not None or size is not None
            ]
            for row in zip(*cells, strict=True)
        ]
        made[side] = pa.array(made[side], pa.list_(_engine_level(pa.float64())))
    made |= columns
    return pa.table({name: values for name, values in made.items() if values is not None})


def engine_flat_books(rows: int = 5, exchange: pa.Table | None = None, **columns: Any) -> pa.Table:
    """Return snapshots in the schema of engine 1: ten levels per side, one column per value, the last five levels zero."""
    table = books(rows) if exchange is None else exchange
    made: dict[str, Any] = {}
    for part, column in (("price", "price"), ("size", "amount")):
        for side in ("bid", "ask"):
            for level in range(10):
                values = table[f"{side}s[{level}].{column}"] if level < LEVELS else np.zeros(table.num_rows)
                made[f"{side}_{part}_{level}"] = values
    made |= {
        f"{side}_count_{level}": pa.array([1] * table.num_rows, pa.uint32()) for side in ("bid", "ask") for level in range(10)
    }
    made |= _engine_head(table) | columns
    return pa.table({name: values for name, values in made.items() if values is not None})


def _engine_head(table: pa.Table) -> dict[str, Any]:
    return {
        "flags": pa.array([32] * table.num_rows, pa.uint8()),
        "sequence": pa.array(range(table.num_rows), pa.uint64()),
        "ts_event": pc.multiply(table["timestamp"], 1000),
        "ts_init": pc.multiply(table["local_timestamp"], 1000),
    }


def _engine_level(number: pa.DataType) -> pa.DataType:
    return pa.struct([("price", number), ("size", number), ("count", pa.uint32()), ("order_id", pa.uint64())])


def _name_instrument(table: pa.Table, instrument: InstrumentName) -> pa.Table:
    words = {
        "exchange": (EXCHANGE_WORD, instrument.venue.lower()),
        "symbol": (SYMBOL_WORD, f"{instrument.base}{instrument.quote}"),
    }
    for name, (made_up, word) in words.items():
        if name in table.column_names and set(table[name].to_pylist()) <= {made_up}:
            place = table.schema.get_field_index(name)
            table = table.set_column(place, table.schema.field(name).with_type(pa.string()), _repeat(word, table.num_rows))
    return table


def _repeat(word: str, rows: int) -> pa.Array:
    return pa.repeat(word, rows)


@dataclass(frozen=True)
class RawFolder:
    """A data root to which tests write raw files of one format."""

    root: Path
    ending: str = PARQUET

    def path(self, day: str = DAY, name: str = BTC, data_type: str = "trades") -> Path:
        """Return the path of a raw file in the layout."""
        return self.root / "raw_tick_data/by_date" / f"day-{day}" / f"data_type-{data_type}" / f"{name}{self.ending}"

    def write(self, table: pa.Table, day: str = DAY, name: str = BTC, data_type: str = "trades", **options: Any) -> Path:
        """Write a raw file. Generated exchange and symbol columns get the words of instrument `name`."""
        table = _name_instrument(table, InstrumentName.parse(name)) if name != BTC else table
        path = self.path(day, name, data_type)
        path.parent.mkdir(parents=True, exist_ok=True)
        if self.ending == CSV:
            with pa.output_stream(path, compression="gzip") as text:
                pacsv.write_csv(table, text, **options)
        else:
            pq.write_table(table, path, **options)
        return path

    @property
    def store(self) -> RawStore:
        """The store of this data root."""
        return RawStore(self.root, self.ending)


def whole_days(*days: str) -> tuple[int, int]:
    """Return the window from the start of the first day to the end of the last, ns."""
    return nanos(f"{days[0]}T00:00:00"), nanos(f"{days[-1]}T00:00:00") + 86_400 * 10**9 - 1


def search(
    window: Sequence[int], instrument: str = BTC, data_type: market_data_pb2.DataType = TRADES, **parts: str
) -> SourceSearch:
    """Return a search; for trades by default."""
    return SourceSearch(InstrumentName.parse(instrument), data_type, (window[0], window[1]), **parts)
