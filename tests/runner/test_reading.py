"""All calls of the Results service give the figures that the summary of the run has."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from recordings import BTC, DAY, NOON, RawFolder, books, trades
from run_configs import run_config
from stack import stack
from tickreel.rpc.errors import TickreelError
from tickreel.runner.window.iso_time import iso
from tickreel.v1 import job_pb2, result_pb2, run_pb2
from tickreel.v1 import results_service_pb2 as rpc

CONFIG = run_config(BTC, f"{DAY}T00:00:00Z", f"{DAY}T23:59:59Z")
ROWS = 600


async def test_charts_and_tables_agree_with_the_summary(raw: RawFolder, tmp_path: Path) -> None:
    raw.write(trades(ROWS, local_timestamp=[NOON + row // 7 for row in range(ROWS)]))
    async with stack(tmp_path) as services:
        fast, full = await services.finish(CONFIG), await services.finish(CONFIG, "full")
        assert full.state == job_pb2.JOB_STATE_SUCCEEDED, full.failure.message
        summary = full.result.summary

        async def ask(method: str, run_id: str = full.run_id, **fields: Any) -> Any:
            return await services.results.call(method, getattr(rpc, f"{method}Request")(run_id=run_id, **fields))

        ticks, whole = await ask("SampleTicks", max_points=50, max_markers=20), await ask("SampleTicks")
        assert (ticks.rows, ticks.orders) == (whole.rows, whole.orders) == (summary.trade_rows, summary.orders) == (ROWS, ROWS)
        assert sum(ticks.markers.orders) == ROWS
        assert sum(ticks.markers.filled) == summary.orders_filled
        filled = Decimal(sum(ticks.markers.filled_size)).scaleb(-ticks.markers.size_precision)
        assert filled == Decimal(summary.volume)
        assert max(ticks.trades.price) == max(whole.trades.price)
        # A fast run has the same ticks, read from the catalog, and no orders.
        of_fast = await ask("SampleTicks", fast.run_id)
        assert (of_fast.trades, of_fast.orders, len(of_fast.markers.orders)) == (whole.trades, 0, 0)
        with pytest.raises(TickreelError, match="repeat it in full mode"):
            await ask("SampleEquity", fast.run_id)

        equity = (await ask("SampleEquity", max_points=60)).equity
        assert equity.equity[-1] == pytest.approx(float(summary.final_equity))
        assert max(equity.drawdown) == pytest.approx(float(summary.max_drawdown))
        assert equity.position[-1] == pytest.approx(float(summary.final_position))

        orders = await ask("ListOrders", page_size=500)
        rest = await ask("ListOrders", page_size=500, page_token=orders.next_page_token)
        found = [*orders.orders, *rest.orders]
        assert [order.id for order in found] == list(range(1, ROWS + 1))
        assert sum(Decimal(order.fees) for order in found) == Decimal(summary.fees)
        assert (await ask("ListOrders", filter="status = filled")).total_size == summary.orders_filled
        dearest = (await ask("ListOrders", order_by="price desc, id", page_size=1)).orders[0]
        assert dearest == max(found, key=lambda order: (Decimal(order.price), -order.id))
        assert (await ask("ListFills")).total_size == summary.fills
        timeline = {
            kind: (await ask("ListTimeline", filter=f"event = {kind}")).total_size for kind in ("Trade", "Order", "Fill")
        }
        assert timeline == {"Trade": ROWS, "Order": summary.orders, "Fill": summary.fills}

        listed = await services.results.call("ListResults", rpc.ListResultsRequest(filter="mode = full"))
        assert [entry.run_id for entry in listed.results] == [full.run_id]


@pytest.mark.parametrize("mode", [result_pb2.SNAPSHOT_MODE_BOTH, result_pb2.SNAPSHOT_MODE_BOOK], ids=["both", "book"])
async def test_the_equity_curve_ends_at_the_final_equity(mode: result_pb2.SnapshotMode, raw: RawFolder, tmp_path: Path) -> None:
    """Half of the books come after the last trade, while the price keeps rising."""
    raw.write(trades(50, side=pa.array(["buy"] * 50), price=[70_000.0] * 50))
    raw.write(books(100), data_type="book_snapshot_5")
    async with stack(tmp_path) as services:
        run = await services.finish(CONFIG, "full", options=run_pb2.RunOptions(snapshot_mode=mode))
        assert run.state == job_pb2.JOB_STATE_SUCCEEDED, run.failure.message
        summary = run.result.summary
        # One point per trade row and one at the end, or one per book.
        rows = summary.trade_rows + 1 if summary.trade_rows else summary.book_rows
        samples = [
            await services.results.call("SampleEquity", rpc.SampleEquityRequest(run_id=run.run_id, max_points=most))
            for most in (2, 2_000)
        ]
        stream = services.results.stream("StreamEquity", rpc.StreamEquityRequest(run_id=run.run_id))
        chunks = [chunk async for chunk in stream]
        export = rpc.ExportArtifactRequest(run_id=run.run_id, name="equity.csv")
        exported = b"".join([part.data async for part in services.results.stream("ExportArtifact", export)])
    if mode == result_pb2.SNAPSHOT_MODE_BOTH:
        assert Decimal(summary.pnl) > Decimal(summary.final_position) > 0
    assert [sample.points for sample in samples] == [chunk.total_points for chunk in chunks] * 2 == [rows] * 2
    for curve in (*(sample.equity for sample in samples), chunks[-1].equity):
        assert iso(curve.ts[-1]) == summary.last_ts
        assert curve.equity[-1] == pytest.approx(float(summary.final_equity), rel=1e-15)
        assert curve.position[-1] == float(summary.final_position)
    lines = exported.decode().splitlines()
    last = dict(zip(lines[0].split(","), lines[-1].split(","), strict=True))
    assert len(lines) == rows + 1
    assert (last["ts"], last["equity"]) == (summary.last_ts, summary.final_equity)
