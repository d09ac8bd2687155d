"""The tables of a full run show what the engine executed: orders with their updates, fills, and positions."""

import itertools
import json
import os
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from recordings import BTC, DAY, RawFolder, trades
from run_configs import run_config
from stack import Stack, stack
from tickreel.rpc.json_struct import values_of
from tickreel.v1 import job_pb2, order_pb2, results_service_pb2, run_pb2

ROWS = 401


@pytest.fixture
def folder(raw: RawFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A deployment with a random walk of prices, and with the plain strategies in its environment."""
    steps = np.random.default_rng(5).integers(-4, 5, ROWS)
    raw.write(trades(ROWS, price=(640_000 + np.cumsum(steps)) / 10, amount=np.full(ROWS, 3.0)))
    info = tmp_path / "site/plain_strategies-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plain-strategies\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[tickreel.strategies]\nBusy = plain_strategies:Busy\n")
    monkeypatch.syspath_prepend(str(info.parent))
    paths = [str(info.parent), str(Path(__file__).parents[1])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths), prepend=os.pathsep)
    return tmp_path


async def rows(services: Stack, call: str, run: run_pb2.Run, **fields: Any) -> list[Any]:
    """Return all rows of a list."""
    found, token = [], ""
    while True:
        request = getattr(results_service_pb2, f"{call}Request")
        response = await services.results.call(call, request(run_id=run.run_id, page_size=500, page_token=token, **fields))
        found += getattr(response, next(field.name for field in response.DESCRIPTOR.fields if field.is_repeated))
        token = response.next_page_token
        if not token:
            assert response.total_size == len(found)
            return found


def kept(run: run_pb2.Run, name: str) -> Path:
    return Path(run.result.metadata.outputs[name])


async def test_the_tables_of_a_plain_strategy_show_what_the_engine_executed(folder: Path) -> None:
    document = run_config(BTC, f"{DAY}T00:00:00Z", f"{DAY}T23:59:59Z")
    document["strategy"] = {"name": "Busy"}
    async with stack(folder) as services:
        run = await services.finish(document, "full")
        assert run.state == job_pb2.JOB_STATE_SUCCEEDED, run.failure
        orders, updates, fills, positions, events = [
            await rows(services, call, run)
            for call in ("ListOrders", "ListOrderUpdates", "ListFills", "ListPositions", "ListTimeline")
        ]
        denied = await rows(services, "ListOrders", run, filter="order_status = DENIED AND order_side = SELL")
        changed = await rows(services, "ListOrderUpdates", run, filter="kind = UPDATED", order_by="order_id, ts desc")
        lost = await rows(services, "ListPositions", run, filter="pnl < 0 AND entry_side = BUY", order_by="pnl")
    summary = run.result.summary
    of_order = {order.id: [update for update in updates if update.order_id == order.id] for order in orders}

    # Every event of an order once, in one sequence.
    sequence = [row.sequence for row in (*orders, *updates, *fills)]
    assert sorted(sequence) == list(range(len(sequence)))
    assert {order_pb2.OrderUpdateKind.Name(update.kind).removeprefix("ORDER_UPDATE_KIND_") for update in updates} >= {
        *("SUBMITTED", "ACCEPTED", "PENDING_UPDATE", "UPDATED", "MODIFY_REJECTED", "CANCELLED", "DENIED", "REJECTED"),
        *("EMULATED", "RELEASED", "INITIALIZED", "TRIGGERED"),
    }

    # A changed order has the values of its last update, and keeps the first ones.
    moved = [order for order in orders if order.initial_price]
    assert moved
    for order in moved:
        last = [update for update in of_order[order.id] if update.kind == order_pb2.ORDER_UPDATE_KIND_UPDATED]
        assert (Decimal(order.price), order.amount, order.updates) == (Decimal(last[-1].price), last[-1].amount, len(last))
        assert Decimal(order.filled_amount) <= Decimal(order.amount)
    assert {order.initial_amount for order in moved} == {"0.100"}
    assert [update.order_id for update in changed] == sorted(update.order_id for update in changed)

    # Prices off the grid are exact, and the words of the engine are kept beside the group.
    off_grid = [order for order in denied if order.reason_group == "PRICE_PRECISION_EXCEEDS_MAXIMUM"]
    assert off_grid
    assert all(order.reason.startswith(f"{order.reason_group}: field=PRICE, price={order.price},") for order in off_grid)
    assert summary.orders_unfilled[off_grid[0].reason_group] == len(off_grid)
    (finding,) = [found.message for found in run.result.findings if found.code == "ORDERS_DENIED"]
    assert f"{len(off_grid)} PRICE_PRECISION_EXCEEDS_MAXIMUM" in finding
    assert "OPEN_AT_END" not in finding

    # Brackets: the children name their parent.
    children = [order for order in orders if order.HasField("parent_order_id")]
    assert children
    by_id = {order.id: order for order in orders}
    assert {by_id[child.parent_order_id].tags for child in children} == {"ENTRY"}
    assert {(child.order_type, child.reduce_only) for child in children} == {
        (order_pb2.ORDER_TYPE_STOP_MARKET, True),
        (order_pb2.ORDER_TYPE_LIMIT, True),
    }
    stops = [order for order in orders if order.order_type == order_pb2.ORDER_TYPE_STOP_LIMIT]
    assert stops
    assert all(order.trigger_price for order in stops)
    assert {order.tags for order in orders} >= {"REVERSE,BUSY"}
    assert all(order.client_order_id.startswith("O-") and order.instrument_id == f"{BTC}@LIN" for order in orders)

    # Final states are those of the last event.
    for order in orders:
        filled, amount = Decimal(order.filled_amount), Decimal(order.amount)
        kinds = [
            order_pb2.OrderUpdateKind.Name(update.kind).removeprefix("ORDER_UPDATE_KIND_") for update in of_order[order.id]
        ]
        state = order_pb2.OrderStatus.Name(order.order_status).removeprefix("ORDER_STATUS_")
        ended = {"CANCELLED", "DENIED", "REJECTED", "EXPIRED"} & set(kinds)
        assert state == ("FILLED" if filled == amount else ended.pop() if ended else "PARTIALLY_FILLED" if filled else "OPEN")
    assert {order.order_status for order in orders} >= {order_pb2.ORDER_STATUS_OPEN, order_pb2.ORDER_STATUS_REJECTED}

    check_positions(positions, fills, summary)
    assert [position.pnl for position in lost] == sorted((position.pnl for position in lost), key=Decimal)
    assert {position.engine_id for position in positions} == {"BTC-USDT-PERP.BINANCE-FUTURES-Busy-000"}

    # The timeline has every event, in the engine's sequence.
    assert Counter(event.event for event in events) == {
        "Trade": ROWS,
        "Order": len(orders),
        "Update": len(updates),
        "Fill": len(fills),
    }
    shown = [values_of(event.data)["kind"] for event in events if event.event == "Update"]
    in_sequence = sorted(updates, key=lambda update: update.sequence)
    assert shown == [order_pb2.OrderUpdateKind.Name(u.kind).removeprefix("ORDER_UPDATE_KIND_").lower() for u in in_sequence]

    by_type = {entry.order_type: entry for entry in summary.statistics.by_order_type}
    assert {kind: entry.orders for kind, entry in by_type.items()} == Counter(order.order_type for order in orders)
    assert sum(entry.fills for entry in by_type.values()) == len(fills)
    assert sum(Decimal(entry.fees) for entry in by_type.values()) == Decimal(summary.fees)
    maker, taker = summary.statistics.by_liquidity
    assert Decimal(maker.fill_share) + Decimal(taker.fill_share) == 1
    assert {row["id"]: row["client_order_id"] for row in json.loads(kept(run, "orders.json").read_text())} == {
        str(order.id): order.client_order_id for order in orders
    }


def check_positions(positions: list[Any], fills: list[Any], summary: Any) -> None:
    """Assert that positions add up to the summary, and agree with their fills."""
    assert sum(Decimal(position.gross_pnl) for position in positions) == Decimal(summary.realized_pnl)
    assert sum(Decimal(position.fees) for position in positions) == Decimal(summary.fees)
    closed = [position for position in positions if position.HasField("ts_closed")]
    assert len(closed) == summary.closed_positions == summary.statistics.position.round_trips > 3
    assert [position.id for position in positions] == list(range(1, len(positions) + 1))
    for position in positions:
        assert Decimal(position.pnl) == Decimal(position.gross_pnl) - Decimal(position.fees)
        assert Decimal(position.mae) <= 0 <= Decimal(position.mfe)
    for before, after in itertools.pairwise(positions):
        assert before.ts_closed.ToNanoseconds() <= after.ts_opened.ToNanoseconds()
    for position in closed:
        own = [fill for fill in fills if fill.position_id == position.id]
        assert own[-1].ts == position.ts_closed
        assert own[-1].order_id == position.exit_order_id
        assert (
            position.duration_seconds
            == f"{(position.ts_closed.ToNanoseconds() - position.ts_opened.ToNanoseconds()) / 1e9:.9f}"
        )
        assert (position.closed_trade_row, position.ts_closed_recorded) == (own[-1].trade_row, own[-1].ts_recorded)


async def test_the_tables_of_copies_follow_from_the_config(folder: Path) -> None:
    document = run_config(BTC, f"{DAY}T00:00:00Z", f"{DAY}T23:59:59Z")
    document["strategy"] |= {"time_in_force": "FOK", "close_positions_on_stop": True}
    async with stack(folder) as services:
        run = await services.finish(document, "full")
        assert run.state == job_pb2.JOB_STATE_SUCCEEDED, run.failure
        orders, updates, fills, positions = [
            await rows(services, call, run) for call in ("ListOrders", "ListOrderUpdates", "ListFills", "ListPositions")
        ]
        fast = await services.finish(document)
    assert updates == []
    assert pq.read_metadata(kept(run, "order_updates.parquet")).num_rows == 0
    *copies, last = orders
    assert len(copies) == ROWS
    assert {(order.order_type, order.time_in_force, order.reduce_only) for order in copies} == {
        (order_pb2.ORDER_TYPE_LIMIT, order_pb2.TIME_IN_FORCE_FOK, False)
    }
    assert (last.order_type, last.time_in_force) == (order_pb2.ORDER_TYPE_MARKET, order_pb2.TIME_IN_FORCE_IOC)
    assert not last.HasField("reduce_only")
    assert not any(order.client_order_id or order.HasField("sequence") or order.initial_price for order in orders)
    check_positions(positions, fills, run.result.summary)
    # The file has no keys that say the same of every copy.
    first = json.loads(kept(run, "orders.json").read_text())[0]
    assert list(first)[13:] == ["order_type", "order_status", "time_in_force"]
    # Fast runs have the same figures.
    assert fast.result.summary == run.result.summary
