"""Write results of full runs from arrays, without a replay."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from tickreel.engine.event_record import CHANGES
from tickreel.runner.ledger.settlement import STATUSES
from tickreel.runner.result.json_files import JsonExports
from tickreel.runner.result.parquet_tables import decimals
from tickreel.runner.window.iso_time import iso
from tickreel.stores.results import ResultStore
from tickreel.v1 import result_pb2

Int64 = npt.NDArray[np.int64]

START = 1_721_300_000_000_000_000
_TIME = pa.timestamp("ns", tz="UTC")
FILLED, CANCELLED = STATUSES.index("filled"), STATUSES.index("cancelled")
INSTRUMENT = "BINANCE-FUTURES:PERPETUAL:BTC-USDT@LIN"


@dataclass(frozen=True)
class Ticks:
    """Trade rows: prices in tenths, sizes in thousandths, side 1 for a buyer and 2 for a seller."""

    ts: Int64
    price: Int64
    size: Int64
    side: Int64

    @classmethod
    def random(cls, rows: int, seed: int = 1, pause: int = 30_000_000) -> "Ticks":
        """Return a random walk of prices with gaps of up to `pause` nanoseconds between rows."""
        random = np.random.default_rng(seed)
        return cls(
            START + np.cumsum(random.integers(1, pause, rows)),
            640_000 + np.cumsum(random.integers(-3, 4, rows)),
            random.integers(1, 5_000, rows),
            random.integers(1, 3, rows),
        )


def write_full_run(store: ResultStore, run_id: str, ticks: Ticks, *, group: int = 131_072, timeline: bool = True) -> Path:
    """Commit a full run with one limit order per tick, every fourth cancelled, and a position per fill. Returns its folder.

    Args:
        group: Rows per row group.
        timeline: Whether to write the timeline, which takes longest.
    """
    store.check_writable()
    folder = store.staging(run_id)
    rows = len(ticks.ts)
    number = np.arange(1, rows + 1)
    status = np.where(number % 4 == 0, CANCELLED, FILLED)
    filled = np.where(status == FILLED, ticks.size, 0)
    value = filled * ticks.price
    position = np.cumsum(np.where(ticks.side == 1, filled, -filled))
    equity = 10**12 + np.cumsum(np.diff(ticks.price, prepend=ticks.price[:1]) * 1_000)
    drawdown = np.maximum.accumulate(equity) - equity if rows else equity
    is_fill = filled > 0
    tables: dict[str, dict[str, pa.Array]] = {
        "ticks": {
            "ts_event": _times(ticks.ts - 1_000),
            "ts_init": _times(ticks.ts),
            "price": decimals(ticks.price, 1),
            "size": decimals(ticks.size, 3),
            "side": _words(("unknown", "buy", "sell"), ticks.side),
            "trade_id": pa.array(number).cast(pa.string()),
            **_places(ticks.ts, number - 1),
        },
        "orders": {
            "id": pa.array(number),
            "ts_submitted": _times(ticks.ts),
            "ts_closed": _times(ticks.ts),
            "side": _words(("buy", "sell"), ticks.side - 1),
            "price": decimals(ticks.price, 1),
            "amount": decimals(ticks.size, 3),
            "filled_amount": decimals(filled, 3),
            "average_price": decimals(ticks.price * 10**8, 9, ~is_fill),
            "fees": decimals(value, 8),
            "status": _words(STATUSES, status),
            "reason": pa.array(["NO_LIQUIDITY_AT_LIMIT"] * rows, pa.string(), mask=is_fill),
            **_places(ticks.ts, number - 1),
            "order_type": _words(("limit",), np.zeros(rows)),
            "order_status": _words(("filled", "cancelled"), status == CANCELLED),
            "trigger_price": decimals(ticks.price, 1, number > 0),
            "time_in_force": _words(("ioc",), np.zeros(rows)),
            "post_only": pa.array(number % 2 == 0),
            "client_order_id": pa.array([f"O-{one}" for one in number.tolist()], pa.string()),
            "updates": pa.array(np.zeros(rows, dtype=np.int64)),
            "sequence": pa.array(2 * number - 2),
        },
        "order_updates": {
            "id": pa.array(np.arange(1, int((~is_fill).sum()) + 1)),
            "order_id": pa.array(number[~is_fill]),
            "ts": _times(ticks.ts[~is_fill]),
            "kind": _words(CHANGES, np.full(int((~is_fill).sum()), CHANGES.index("cancelled"))),
            "price": decimals(ticks.price[~is_fill], 1, number[~is_fill] > 0),
            "trigger_price": decimals(ticks.price[~is_fill], 1, number[~is_fill] > 0),
            "amount": decimals(ticks.size[~is_fill], 3, number[~is_fill] > 0),
            "reason": pa.array(["NO_LIQUIDITY_AT_LIMIT"] * int((~is_fill).sum()), pa.string()),
            **_places(ticks.ts[~is_fill], number[~is_fill] - 1),
            "sequence": pa.array(2 * number[~is_fill] - 1),
        },
        "fills": {
            "id": pa.array(np.arange(1, int(is_fill.sum()) + 1)),
            "order_id": pa.array(number[is_fill]),
            "ts": _times(ticks.ts[is_fill]),
            "side": _words(("buy", "sell"), ticks.side[is_fill] - 1),
            "price": decimals(ticks.price[is_fill], 1),
            "amount": decimals(filled[is_fill], 3),
            "fee": decimals(value[is_fill], 8),
            "engine_fee": decimals(value[is_fill], 8),
            "liquidity": _words(("maker", "taker"), np.ones(int(is_fill.sum()))),
            **_places(ticks.ts[is_fill], number[is_fill] - 1),
            "position_id": pa.array(np.arange(1, int(is_fill.sum()) + 1)),
            "sequence": pa.array(2 * number[is_fill] - 1),
        },
        "positions": {
            "id": pa.array(np.arange(1, int(is_fill.sum()) + 1)),
            "instrument_id": pa.array([INSTRUMENT] * int(is_fill.sum()), pa.string()),
            "entry_side": _words(("buy", "sell"), ticks.side[is_fill] - 1),
            "ts_opened": _times(ticks.ts[is_fill]),
            "ts_closed": _times(ticks.ts[is_fill] + 10**9),
            "duration_seconds": decimals(np.full(int(is_fill.sum()), 10**9), 9),
            "amount": decimals(filled[is_fill], 3),
            "average_entry": decimals(ticks.price[is_fill] * 10**8, 9),
            "pnl": decimals((ticks.price[is_fill] - 640_000) * 10**5, 8),
            "mae": decimals(-value[is_fill], 8),
            "orders": pa.array(number[is_fill] % 3),
        },
        "equity": {
            "ts": _times(ticks.ts),
            "mark": decimals(ticks.price, 1),
            "position": decimals(position, 3),
            "realized_pnl": decimals(equity, 8),
            "unrealized_pnl": decimals(equity, 8),
            "fees": decimals(np.cumsum(value), 8),
            "equity": decimals(equity, 8),
            "drawdown": decimals(drawdown, 8),
        },
    }
    for name, columns in tables.items():
        pq.write_table(pa.table(columns), folder / f"{name}.parquet", compression="zstd", row_group_size=group)
    if timeline:
        exports = JsonExports(folder)
        exports.timeline_table()
        exports.close()
    result = result_pb2.Result(run_id=run_id, mode=result_pb2.RUN_MODE_FULL, instrument=INSTRUMENT)
    for name in (*tables, *(["timeline"] if timeline else [])):
        result.metadata.outputs[f"{name}.parquet"] = f"/somewhere/else/{name}.parquet"
    result.metadata.outputs["summary.json"] = "/somewhere/else/summary.json"
    result.metadata.snapshot_mode, result.metadata.currency = result_pb2.SNAPSHOT_MODE_TRADES, "USDT"
    summary = result.summary
    summary.trade_rows, summary.orders, summary.fills, summary.orders_filled = (
        rows,
        rows,
        int(is_fill.sum()),
        int(is_fill.sum()),
    )
    summary.starting_equity, summary.pnl = "10000.00000000", "0.00000000"
    if rows:
        summary.first_ts, summary.last_ts = iso(int(ticks.ts[0])), iso(int(ticks.ts[-1]))
    store.commit(result, folder, None)
    return store.root / "full" / run_id


def without_recorded_times(folder: Path) -> None:
    """Rewrite the tables of a full run as an older version did, without recorded times and trade rows."""
    for path in folder.glob("*.parquet"):
        rows = pq.read_table(path)
        pq.write_table(rows.drop_columns([name for name in ("ts_recorded", "trade_row") if name in rows.column_names]), path)


def _places(replay: Int64, rows: Int64) -> dict[str, pa.Array]:
    return {"ts_recorded": _times(replay // 1_000 * 1_000), "trade_row": pa.array(rows)}


def _times(nanoseconds: Int64) -> pa.Array:
    return pa.array(nanoseconds).cast(_TIME)


def _words(words: tuple[str, ...], codes: npt.NDArray[np.generic]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(codes.astype(np.int8), pa.array(words))
