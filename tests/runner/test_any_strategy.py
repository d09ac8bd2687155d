"""Runs of strategies that know nothing of Tickreel: their tables equal the events of a run by the engine alone."""

import random
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import plain_strategies
from bare_runs import BareNode, converted_lanes, spec_of
from plug_in import install_here
from recordings import BTC, DAY, NOON, RawFolder, books, trades
from run_configs import run_config
from small_catalog import instrument
from stack import Stack, stack
from tickreel.jobs import job as jobs
from tickreel.v1 import result_pb2, run_pb2, runner_service_pb2

TESTS = Path(__file__).parents[1]
ROWS = 300
SECOND = 1_000_000
# Two makers, orders that the engine creates, contingent orders, modified orders, and orders from `on_stop`.
STRATEGIES = ["GridMaker", "EmaCross", "Bracket", "Modifier", "LastMinute"]
_PROJECT = """
[project]
name = "published"
version = "1.0"

[project.entry-points."tickreel.strategies"]
"""
_FAILING_AT = """

class FailingAt(Failing):
    def __init__(self, instrument_id: InstrumentId, place: str) -> None:
        super().__init__(OneInstrument(instrument_id))
        self.place = place
"""
# Buys and sells in turns, every twentieth snapshot, and buys when it stops.
_OF_BOOKS = """

class OfBooks(Strategy):
    def __init__(self, instrument_id: InstrumentId) -> None:
        super().__init__()
        self.instrument_id, self.rows = instrument_id, 0

    def on_start(self) -> None:
        self.subscribe_book_depth(self.instrument_id, BookType.L2_MBP)

    def on_book_depth(self, depth: Any) -> None:
        self.rows += 1
        if self.rows % 20 == 10:
            self.market(OrderSide.BUY if self.rows % 40 == 10 else OrderSide.SELL)

    def on_stop(self) -> None:
        self.market(OrderSide.BUY)

    def market(self, side: OrderSide) -> None:
        self.submit_order(self.order_factory.market(self.instrument_id, side, Quantity.from_str("0.100")))
"""
_ENDS = {"OrderCanceled": "cancelled", "OrderDenied": "denied", "OrderRejected": "rejected"}


@pytest.fixture
def folder(raw: RawFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a deployment with the strategies of plain_strategies, and a random walk with books around it."""
    package = tmp_path / "plain_strategies"
    package.mkdir()
    (package / "plain_strategies.py").write_text((TESTS / "plain_strategies.py").read_text() + _FAILING_AT + _OF_BOOKS)
    points = "".join(f'{name} = "plain_strategies:{name}"\n' for name in [*STRATEGIES, "FailingAt", "OfBooks", "Talking"])
    (package / "pyproject.toml").write_text(_PROJECT + points)
    install_here(package, tmp_path / "site", monkeypatch)
    draw = random.Random(17)
    prices = 640_000 + np.cumsum([draw.choice([-6, -3, -1, 0, 1, 3, 6]) for _ in range(ROWS)])
    clock = NOON + SECOND * np.arange(ROWS)
    levels: dict[str, Any] = {}
    for level in range(5):
        for side, step in (("bids", -2 - level), ("asks", 2 + level)):
            levels[f"{side}[{level}].price"] = (prices + step) / 10
            levels[f"{side}[{level}].amount"] = np.full(ROWS, 0.15)
    raw.write(books(ROWS, timestamp=clock, local_timestamp=clock, **levels), data_type="book_snapshot_5")
    clock += SECOND // 2
    sizes = [draw.randint(1, 400) / 1_000 for _ in range(ROWS)]
    traded = (prices + [draw.choice([-2, 2]) for _ in range(ROWS)]) / 10
    raw.write(trades(ROWS, timestamp=clock, local_timestamp=clock, price=traded, amount=sizes))
    return tmp_path


def config(strategy: str, **parameters: Any) -> dict[str, Any]:
    document = run_config(BTC, f"{DAY}T00:00:00Z", f"{DAY}T23:59:59Z")
    document["strategy"] = {"name": strategy} | ({"parameters": parameters} if parameters else {})
    return document


async def finished(services: Stack, document: Mapping[str, Any], mode: str = "full") -> run_pb2.Run:
    both = run_pb2.RunOptions(snapshot_mode=result_pb2.SNAPSHOT_MODE_BOTH)
    return await services.finish(document, mode, options=both)


def bare_events(folder: Path) -> dict[str, dict[str, list[dict[str, str]]]]:
    """Return the events of each strategy by the engine alone, over the catalog of the deployment."""
    lanes, node = converted_lanes(folder, folder / "view", instrument()), BareNode()
    try:
        return {name: node.run(spec_of(getattr(plain_strategies, name), lanes))["events"] for name in STRATEGIES}
    finally:
        node.close()


def fills_of(events: Mapping[str, list[dict[str, str]]]) -> list[tuple[int, int, Decimal, Decimal, str, Decimal]]:
    """Return (time, order, price, size, liquidity, fee) of each fill, in the order of the venue. Orders are numbered from 1."""
    created = sorted(events, key=lambda order: int(order.rpartition("-")[2]))
    fills = [
        (
            int(event["trade_id"].rpartition("-")[2]),
            (
                int(event["ts"]),
                created.index(order) + 1,
                Decimal(event["last_px"]),
                Decimal(event["last_qty"]),
                event["liquidity_side"].lower(),
                Decimal(event["commission"].split()[0]),
            ),
        )
        for order, all_events in events.items()
        for event in all_events
        if event["kind"] == "OrderFilled"
    ]
    return [fill for _, fill in sorted(fills)]


def status_of(events: list[dict[str, str]]) -> str:
    """Return the status of an order by the engine."""
    size = next(event["quantity"] for event in reversed(events) if "quantity" in event)
    filled = sum(Decimal(event["last_qty"]) for event in events if event["kind"] == "OrderFilled")
    if filled == Decimal(size):
        return "filled"
    if filled:
        return "partially_filled"
    return next((_ENDS[event["kind"]] for event in events if event["kind"] in _ENDS), "in_flight")


async def test_the_report_of_any_strategy_equals_the_engines_events(folder: Path) -> None:
    async with stack(folder) as services:
        runs = {name: await finished(services, config(name)) for name in STRATEGIES}
    assert {name: run.failure.message for name, run in runs.items() if run.state != jobs.SUCCEEDED} == {}
    bare = bare_events(folder)
    for name, run in runs.items():
        tables = folder / "results/full" / run.run_id
        fills, orders = (pq.read_table(tables / f"{table}.parquet") for table in ("fills", "orders"))
        summary, wanted = run.result.summary, fills_of(bare[name])
        columns = [fills[column] for column in ("ts", "order_id", "price", "amount", "liquidity", "fee")]
        columns[0] = columns[0].cast(pa.int64())
        assert list(zip(*(column.to_pylist() for column in columns), strict=True)) == wanted, name
        assert fills["engine_fee"].to_pylist() == fills["fee"].to_pylist(), name
        assert summary.orders == orders.num_rows == len(bare[name]), name
        created = sorted(bare[name], key=lambda order: int(order.rpartition("-")[2]))
        assert orders["status"].to_pylist() == [status_of(bare[name][order]) for order in created], name
        assert Decimal(summary.fees) == sum(fee for *_, fee in wanted), name
        assert summary.fills == len(wanted) > 0, name
        sides = {order: 1 if bare[name][of][0]["order_side"] == "BUY" else -1 for order, of in enumerate(created, 1)}
        held = sum(sides[order] * size for _, order, _, size, *_ in wanted)
        assert Decimal(summary.final_position) == held, name
        codes = {finding.code for finding in run.result.findings}
        assert not codes & {"ENGINE_DISAGREES", "FEES_DIFFER"}, name
    makers = runs["GridMaker"].result.summary.statistics.by_liquidity[0]
    assert makers.fills > 10


async def test_a_run_fails_with_the_first_error_of_its_strategy_and_keeps_its_log(folder: Path) -> None:
    async with stack(folder) as services:
        timer = await finished(services, config("FailingAt", place="timer"), "fast")
        stop = await finished(services, config("FailingAt", place="on_stop"), "fast")
        talking = await finished(services, config("Talking", after=2, text="an error"), "fast")
        request = runner_service_pb2.StreamRunLogRequest(run_id=talking.run_id)
        log = "".join([part.text async for part in services.runner.stream("StreamRunLog", request)])
    assert timer.failure.reason == stop.failure.reason == "REPLAY_FAILED"
    assert timer.failure.message.startswith(f"the strategy raised LookupError: from timer at {DAY}T12:00:02.00000")
    assert stop.failure.message.startswith(f"the strategy raised LookupError: from on_stop at {DAY}T12:04:59.50000")
    assert timer.failure.metadata["log"].startswith("Traceback (most recent call last):")
    assert "in fail" in timer.failure.metadata["log"]
    # Errors in its log do not stop a strategy.
    assert talking.state == jobs.SUCCEEDED
    assert talking.result.summary.orders == talking.result.summary.fills == 0
    at = f"{DAY}T12:00:01.500000000Z"
    for line in ("[INFO] Talking: made", f"{at} [PRINT] Talking-000: printed", f"{at} [ERROR] Talking-000: an error"):
        assert f"{line}\n" in log


async def test_equity_is_sampled_at_the_snapshots_of_a_run_without_trades(folder: Path) -> None:
    document = config("OfBooks")
    document["strategy"]["close_positions_on_stop"] = True
    options = run_pb2.RunOptions(snapshot_mode=result_pb2.SNAPSHOT_MODE_BOOK)
    async with stack(folder) as services:
        run = await services.finish(document, "full", options=options)
    assert run.failure.message == "", run.failure.metadata["log"]
    summary, tables = run.result.summary, folder / "results/full" / run.run_id
    # The order of on_stop stays open: the strategy closes its position itself.
    assert (summary.orders, summary.fills, summary.final_position) == (16, 16, "0.200")
    assert (summary.trade_rows, summary.book_rows) == (0, ROWS)
    equity = pq.read_table(tables / "equity.parquet")
    assert equity.num_rows == ROWS
    values = [Decimal(summary.starting_equity), *(Decimal(str(value)) for value in equity["equity"].to_pylist())]
    assert values[-1] == Decimal(summary.final_equity)
    assert max(max(values[: at + 1]) - value for at, value in enumerate(values)) == Decimal(summary.max_drawdown) > 0
    positions = pq.read_table(tables / "positions.parquet").to_pylist()
    assert len(positions) == 8
    assert all(position["mae"] < 0 for position in positions[:-1])
    messages = {finding.code: finding.message for finding in run.result.findings}
    assert "equity is sampled at the snapshots" in messages["NO_TRADE_ROWS"]
    assert "closes its position itself" in messages["POSITION_NOT_CLOSED"]
