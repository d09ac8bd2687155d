"""Runs of every kind of market, compared with figures computed from the raw rows alone.

The figures in this file pin the fills of the engine: a version that fills differently fails these tests.
"""

import json
from collections.abc import Callable
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from book_matcher import Matched, match
from recordings import (
    BTC,
    DAY,
    NOON,
    RawFolder,
    books,
    engine_books,
    engine_flat_books,
    engine_trades,
    needs_real_data,
    real_data,
    trades,
)
from run_configs import market_config as config_of
from stack import Stack, stack
from tickreel.rpc.errors import TickreelError
from tickreel.runner.window.iso_time import iso
from tickreel.stores.sample_data import write_sample_data
from tickreel.v1 import job_pb2, market_data_pb2, result_pb2, run_pb2

SPOT = "BINANCE:SPOT_PAIR:NEXO-USDT"
INVERSE = "BITMEX:PERPETUAL:BTC-USD"
NEXT_DAY = "2024-07-19"
MODES = {
    "trades": result_pb2.SNAPSHOT_MODE_TRADES,
    "book": result_pb2.SNAPSHOT_MODE_BOOK,
    "both": result_pb2.SNAPSHOT_MODE_BOTH,
}


async def finished(services: Stack, config: dict[str, Any], snapshots: str, mode: str = "fast") -> run_pb2.Run:
    """Create a run, wait for its end, and check that it succeeded."""
    run = await services.finish(config, mode, options=run_pb2.RunOptions(snapshot_mode=MODES[snapshots]))
    assert run.state == job_pb2.JOB_STATE_SUCCEEDED, run.failure.message
    return run


def matched(summary: result_pb2.RunSummary) -> Matched:
    """Return the figures of a summary that the matcher computes as well."""
    return Matched(
        summary.orders,
        summary.orders_filled,
        summary.orders_partially_filled,
        summary.fills,
        Decimal(summary.fees),
        Decimal(summary.final_position),
    )


def lively(rows: int, seed: int = 5) -> tuple[pa.Table, pa.Table]:
    """Return trades and books around one price, with equal times, partial fills, missing levels and a spread of one tick."""
    random = np.random.default_rng(seed)
    times = NOON + np.cumsum(random.integers(0, 3, rows)) * 100
    middle = 640_000 + np.cumsum(random.integers(-2, 3, rows))
    buys = random.random(rows) < 0.5
    made = trades(
        rows,
        timestamp=times - 50,
        local_timestamp=times,
        side=pa.array(np.where(buys, "buy", "sell")),
        price=(middle + random.integers(-1, 3, rows) * np.where(buys, 1, -1)) / 10,
        amount=random.integers(1, 40, rows) / 1000,
    )
    at = np.sort(random.choice(rows, rows // 2, replace=False))
    columns: dict[str, Any] = {"timestamp": times[at] - 50, "local_timestamp": times[at]}
    for level in range(5):
        missing = (level == 4) & (random.random(len(at)) < 0.3)
        for side, sign in (("asks", 1), ("bids", -1)):
            columns[f"{side}[{level}].price"] = pa.array((middle[at] + sign * (1 + level)) / 10, mask=missing)
            columns[f"{side}[{level}].amount"] = pa.array(random.integers(1, 30, len(at)) / 1000, mask=missing)
    return made, books(len(at), **columns)


async def test_trades_against_books_fill_as_in_an_independent_matcher(raw: RawFolder, tmp_path: Path) -> None:
    made, snapshots = lively(4_000)
    raw.write(made)
    raw.write(snapshots, data_type="book_snapshot_5")
    first, last = made["local_timestamp"][300].as_py(), made["local_timestamp"][3_700].as_py()
    instants = [np.datetime_as_string(np.datetime64(instant, "us")) + "Z" for instant in (first, last)]
    config = config_of(BTC, *instants)
    wanted = match(made, snapshots, (first, last), "0.0004", 1, 3)
    assert min(wanted.partial, wanted.orders - wanted.filled - wanted.partial, wanted.fills - wanted.filled) > 50
    async with stack(tmp_path) as services:
        fast = await finished(services, config, "both")
        full = await finished(services, config, "both", "full")
    async with stack(tmp_path, TICKREEL_REPLAY_CHUNK="17", TICKREEL_STATE_PATH=str(tmp_path / "other")) as services:
        pieces = await finished(services, config, "both")
    for run in (fast, full, pieces):
        assert matched(run.result.summary) == wanted
        assert run.result.metadata.result_digest == fast.result.metadata.result_digest
        assert run.result.metadata.data_digest == fast.result.metadata.data_digest
    inside = [first <= instant <= last for instant in snapshots["local_timestamp"].to_pylist()]
    assert fast.result.summary.book_rows == sum(inside)
    assert {file.data_type for file in fast.result.metadata.data_files} == {
        market_data_pb2.DATA_TYPE_TRADES,
        market_data_pb2.DATA_TYPE_BOOK_SNAPSHOT_5,
    }

    folder = tmp_path / "results/full" / full.run_id
    orders = json.loads((folder / "orders.json").read_text())
    assert len(orders) == wanted.orders
    assert {order["reason"] for order in orders if order["status"] != "filled"} <= {"NO_LIQUIDITY_AT_LIMIT", "NO_BOOK_YET"}
    assert sum(Decimal(order["fees"]) for order in orders) == wanted.fees
    equity = pq.read_table(folder / "equity.parquet")
    times, last_row = equity["ts"].to_numpy().astype(np.int64).tolist(), full.result.summary.last_ts
    assert equity.num_rows == wanted.orders + (iso(times[wanted.orders - 1]) != last_row)
    assert iso(times[-1]) == last_row
    assert equity["equity"][-1].as_py() == Decimal(full.result.summary.final_equity)
    assert equity.schema.field("mark").type == pa.decimal128(38, 2)
    assert Decimal(full.result.summary.max_drawdown) >= equity["drawdown"].to_numpy().max()


@pytest.mark.parametrize("form", [engine_books, engine_flat_books])
async def test_books_in_the_engines_schema_give_the_same_outcome(
    raw: RawFolder, tmp_path: Path, form: Callable[[int, pa.Table], pa.Table]
) -> None:
    made, snapshots = lively(1_000)
    raw.write(made)
    raw.write(snapshots, data_type="book_snapshot_5")
    config = config_of(BTC, f"{DAY}T00:00:00Z", f"{DAY}T23:59:59Z")
    async with stack(tmp_path) as services:
        wanted = await finished(services, config, "both")
        raw.write(form(snapshots.num_rows, snapshots), data_type="book_snapshot_5")
        run = await finished(services, config, "both")
    assert run.result.summary == wanted.result.summary
    assert run.result.metadata.result_digest == wanted.result.metadata.result_digest
    assert run.result.metadata.data_digest == wanted.result.metadata.data_digest


async def test_a_run_of_books_alone_has_no_orders(raw: RawFolder, tmp_path: Path) -> None:
    raw.write(books(50), data_type="book_snapshot_5")
    async with stack(tmp_path) as services:
        run = await finished(services, config_of(BTC, f"{DAY}T00:00:00Z", f"{DAY}T23:59:59Z"), "book", "full")
    summary = run.result.summary
    assert (summary.orders, summary.trade_rows, summary.book_rows, float(summary.pnl)) == (0, 0, 50, 0)
    assert "NO_TRADE_ROWS" in {finding.code for finding in run.result.findings}
    folder = tmp_path / "results/full" / run.run_id
    for name in ("orders", "timeline"):
        assert json.loads((folder / f"{name}.json").read_text()) == []
    assert pq.read_table(folder / "ticks.parquet").num_rows == 0
    # Equity has one row per book.
    rows = pq.read_table(folder / "equity.parquet", columns=["equity", "position", "drawdown"]).to_pylist()
    assert rows == [{"equity": Decimal(summary.final_equity), "position": 0, "drawdown": 0}] * 50
    assert json.loads((tmp_path / f"tickdata/{run.run_id}.json").read_text())["ticks"] == []


async def test_a_mode_that_needs_missing_books_is_refused_before_any_work(raw: RawFolder, tmp_path: Path) -> None:
    raw.write(trades(5))
    config = config_of(BTC, f"{DAY}T00:00:00Z", f"{DAY}T23:59:59Z")
    async with stack(tmp_path) as services:
        with pytest.raises(TickreelError, match="no book snapshots of any instrument") as refusal:
            await services.create(config, options=run_pb2.RunOptions(snapshot_mode=MODES["both"]))
    assert refusal.value.violations
    assert not (tmp_path / "parquet").exists()


async def test_days_of_different_schemas_form_one_window(raw: RawFolder, tmp_path: Path) -> None:
    config = config_of(BTC, f"{DAY}T00:00:00Z", f"{NEXT_DAY}T23:59:59Z")
    first = trades(300)
    tomorrow = 86_400_000_000 + NOON + 1000 * np.arange(300)
    raw.write(first)
    raw.write(trades(300, timestamp=tomorrow, local_timestamp=tomorrow), NEXT_DAY)
    async with stack(tmp_path) as services:
        alike = await finished(services, config, "trades")
        raw.write(engine_trades(300, ts_event=tomorrow * 1000, ts_init=tomorrow * 1000), NEXT_DAY)
        mixed = await finished(services, config, "trades")
    assert mixed.result.summary == alike.result.summary
    assert mixed.result.metadata.result_digest == alike.result.metadata.result_digest
    assert mixed.result.metadata.data_digest == alike.result.metadata.data_digest


async def test_an_inverse_contract_agrees_with_its_formula(raw: RawFolder, tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    prices, sizes = (random.integers(85_000, 86_000, 200) / 10).tolist(), random.integers(1, 5_000, 200).astype(float).tolist()
    raw.write(trades(200, price=prices, amount=sizes, exchange=pa.array(["bitmex"] * 200)), name=INVERSE)
    config = config_of(
        INVERSE,
        f"{DAY}T00:00:00Z",
        f"{DAY}T23:59:59Z",
        suffix="@INV",
        fee=0.00075,
        size_precision=0,
        venue__base_currency="BTC",
        venue__starting_balance=100,
    )
    async with stack(tmp_path) as services:
        run = await finished(services, config, "trades")
    fees = coins = contracts = Decimal(0)
    for row, (price, size) in enumerate(zip(prices, sizes, strict=True)):
        side, value = (1 if row % 2 else -1), Decimal(repr(size)) / Decimal(repr(price))
        fees += (value * Decimal("0.00075")).quantize(Decimal("1e-8"))
        coins += side * value
        contracts += side * Decimal(repr(size))
    summary = run.result.summary
    assert Decimal(summary.fees) == fees
    assert Decimal(summary.final_position) == contracts
    assert abs(Decimal(summary.pnl) - (coins - contracts / Decimal(repr(prices[-1])) - fees)) < Decimal("1e-15")
    assert run.result.metadata.currency == "BTC"
    assert "ENGINE_DISAGREES" in {finding.code for finding in run.result.findings}


async def test_a_cash_account_denies_orders_that_it_cannot_pay(raw: RawFolder, tmp_path: Path) -> None:
    raw.write(trades(20, price=[10.0] * 20, amount=[1.0] * 20, side=pa.array(["buy"] * 20)), name=SPOT)
    cash: dict[str, Any] = {
        "venue__account_type": "CASH",
        "venue__base_currency": None,
        "venue__starting_balance": None,
        "venue__starting_balances": {"USDT": 105, "NEXO": 2},
    }
    config = config_of(SPOT, f"{DAY}T00:00:00Z", f"{DAY}T23:59:59Z", suffix="", **cash)
    async with stack(tmp_path) as services:
        run = await finished(services, config, "trades")
    summary = run.result.summary
    assert summary.orders_filled == 10
    assert sum(number for reason, number in summary.orders_unfilled.items() if "EXCEEDS_FREE_BALANCE" in reason) == 10
    assert Decimal(summary.starting_equity) == 105 + 2 * 10
    assert Decimal(summary.final_position) == 12
    assert Decimal(summary.pnl) == -Decimal(summary.fees) == -10 * Decimal("0.004")


MIDNIGHT = ("2024-07-18T23:57:00Z", "2024-07-19T00:06:00Z")
WHOLE_DAY = ("2024-07-24T00:00:00Z", "2024-07-24T23:59:59.999999Z")
ETH = "BINANCE-FUTURES:PERPETUAL:ETH-USDT"
RECORDED = {
    "btc": (config_of(BTC, *MIDNIGHT), Matched(10_701, 10_424, 75, 11_199, Decimal("27237.95485320"), Decimal("-192.924"))),
    "eth": (
        config_of(ETH, *MIDNIGHT, price_precision=2),
        Matched(13_655, 13_047, 118, 13_731, Decimal("13728.04645282"), Decimal("-3415.404")),
    ),
    "btc, liquidity consumed": (
        config_of(BTC, *MIDNIGHT, venue__liquidity_consumption=True),
        Matched(10_701, 5_862, 225, 6_125, Decimal("15794.46437160"), Decimal("-71.927")),
    ),
    "nexo": (
        config_of(SPOT, *WHOLE_DAY, suffix="", fee=0.001, price_precision=3, size_precision=2),
        Matched(12_215, 11_521, 74, 12_902, Decimal("962.81817519"), Decimal("153072.36")),
    ),
}


@needs_real_data
@pytest.mark.parametrize("market", RECORDED)
async def test_recorded_markets_fill_as_before(market: str, tmp_path: Path) -> None:
    config, figures = RECORDED[market]
    async with stack(tmp_path, UNIFIED_CLOUD_LOCAL_PATH=str(real_data())) as services:
        run = await finished(services, deepcopy(config), "both")
    assert matched(run.result.summary) == figures


SAMPLE = "SAMPLE-FUTURES:PERPETUAL:BTC-USDT"
SAMPLE_WINDOW = ("2024-05-17T22:00:00Z", "2024-05-18T02:00:00Z")
# Changed keys of the config, and the figures of the run on sample data, which is generated and the same everywhere.
SAMPLED: dict[str, tuple[dict[str, Any], Matched]] = {
    "as recorded": ({}, Matched(3_000, 2_906, 94, 3_081, Decimal("2158.62790396"), Decimal("2.494"))),
    "liquidity consumed": (
        {"venue__liquidity_consumption": True},
        Matched(3_000, 2_190, 147, 2_354, Decimal("1138.21553500"), Decimal("0.802")),
    ),
    "latency": (
        {"venue__latency": {"base_latency_nanos": 20_000_000}},
        Matched(3_000, 2_039, 74, 2_176, Decimal("1552.66910108"), Decimal("3.911")),
    ),
    "fill or kill": (
        {"strategy__time_in_force": "FOK"},
        Matched(3_000, 2_906, 0, 2_982, Decimal("1897.00299028"), Decimal("3.402")),
    ),
    "market orders": (
        {"strategy__order_type": "MARKET"},
        Matched(3_000, 2_995, 5, 3_229, Decimal("2575.55089764"), Decimal("-0.371")),
    ),
    "resting, with a queue": (
        {"strategy__time_in_force": "GTC", "venue__queue_position": True, "venue__liquidity_consumption": True},
        Matched(3_000, 2_955, 7, 3_656, Decimal("1850.38742872"), Decimal("2.823")),
    ),
    "closed at the end": (
        {"strategy__close_positions_on_stop": True},
        Matched(3_001, 2_906, 95, 3_086, Decimal("2176.70347068"), Decimal("1.823")),
    ),
    "on margin": (
        {"instrument__margin_init": 0.1, "venue__default_leverage": 5, "venue__starting_balance": 2_000},
        Matched(3_000, 2_906, 92, 3_079, Decimal("2146.42894112"), Decimal("2.041")),
    ),
}


@pytest.mark.parametrize("name", SAMPLED)
async def test_sample_markets_fill_as_before(name: str, tmp_path: Path) -> None:
    changes, figures = SAMPLED[name]
    write_sample_data(tmp_path / "data_downloads", rows=3_000)
    async with stack(tmp_path) as services:
        run = await finished(services, config_of(SAMPLE, *SAMPLE_WINDOW, **changes), "both")
    assert matched(run.result.summary) == figures


async def test_sample_markets_fill_as_in_an_independent_matcher(tmp_path: Path) -> None:
    raw = RawFolder(tmp_path / "data_downloads")
    write_sample_data(raw.root, rows=3_000)
    kinds = ("trades", "book_snapshot_5")
    days = [raw.path(day, SAMPLE, kind) for kind in kinds for day in ("2024-05-17", "2024-05-18")]
    made, snapshots = (pa.concat_tables([pq.ParquetFile(path).read() for path in part]) for part in (days[:2], days[2:]))
    assert match(made, snapshots, (0, 2**62), "0.0004", 1, 3) == SAMPLED["as recorded"][1]
