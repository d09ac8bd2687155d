"""Live figures of a running run: counts, the account, and an equity curve that every watcher gets from its start."""

import itertools
from contextlib import aclosing
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from recordings import BTC, DAY, RawFolder, trades
from run_configs import run_config
from stack import Stack, stack
from tickreel.jobs.job import FINAL, SUCCEEDED
from tickreel.runner.submission.live_equity import CurveWatcher, EquityCurve
from tickreel.v1 import runner_service_pb2

# With this balance the equity is never the same at two rows.
CONFIG = run_config(BTC, f"{DAY}T00:00:00Z", f"{DAY}T23:59:59Z", starting_balance=1e12)
RESTING = CONFIG | {"strategy": CONFIG["strategy"] | {"time_in_force": "GTC"}}
ROWS = 15_000


async def watched(services: Stack, run_id: str) -> list[runner_service_pb2.WatchRunResponse]:
    request = runner_service_pb2.WatchRunRequest(run_id=run_id)
    return [response async for response in services.runner.stream("WatchRun", request)]


@pytest.mark.parametrize("config", [CONFIG, RESTING], ids=["in slices", "in one piece"])
async def test_a_running_run_reports_counts_account_and_equity(config: dict[str, Any], raw: RawFolder, tmp_path: Path) -> None:
    raw.write(
        trades(ROWS, price=[64_000.5 + row % 11 for row in range(ROWS)], amount=[0.001 + row % 3 / 1000 for row in range(ROWS)])
    )
    async with stack(tmp_path, TICKREEL_SEGMENT_ROWS="1000") as services:
        run = await services.create(config, "full")
        responses = await watched(services, run.run_id)
    end = responses[-1].run
    assert end.state == SUCCEEDED, end.failure.message
    assert (len(responses) > 3, end.result.metadata.segments > 1) == (True, config is CONFIG)
    lives = [response.run.live for response in responses if response.run.HasField("live")]
    assert not end.HasField("live")
    for name in ("trade_rows", "orders", "fills"):
        counts = [getattr(live, name) for live in lives]
        assert counts == sorted(counts)
        assert counts[-1] > 0
    accounts = [live for live in lives if live.HasField("account_ts")]
    assert {live.currency for live in accounts} == {"USDT"}
    assert all(live.memory_mib > 50 for live in accounts)
    start = Decimal(end.result.summary.starting_equity)
    assert all(Decimal(live.equity) == start + Decimal(live.pnl) for live in accounts)
    drawdowns = [Decimal(live.max_drawdown) for live in accounts]
    assert drawdowns == sorted(drawdowns)
    assert drawdowns[-1] <= Decimal(end.result.summary.max_drawdown)
    assert [finding.code for finding in lives[-1].findings] == [f.code for f in end.result.findings if f.code in NOTES]
    # Every point of the curve is in the equity table, and each message continues the one before.
    table = equity_table(tmp_path / "results/full" / run.run_id)
    points = [point for response in responses for point in zip(response.equity.ts, response.equity.equity, strict=True)]
    assert len(points) > 5
    assert all(earlier[0] < later[0] for earlier, later in itertools.pairwise(points))
    assert all(float(table[ts]) == pytest.approx(equity, rel=1e-12) for ts, equity in points)
    assert not any(response.equity_restarted for response in responses)


NOTES = {"MADE_IDS", "AMOUNTS_ROUNDED", "ROWS_SORTED", "PARTLY_COVERED"}


def equity_table(folder: Path) -> dict[int, Decimal]:
    """Return the equity by time, UNIX nanoseconds."""
    table = pq.read_table(folder / "equity.parquet")
    ts, equity = (table[name].to_numpy() for name in ("ts", "equity"))
    return dict(zip(ts.astype(np.int64).tolist(), equity.tolist(), strict=True))


async def test_a_watcher_that_joins_late_gets_the_curve_from_its_start(raw: RawFolder, tmp_path: Path) -> None:
    raw.write(trades(ROWS))
    async with stack(tmp_path, TICKREEL_SEGMENT_ROWS="1000") as services:
        run = await services.create(CONFIG)
        request = runner_service_pb2.WatchRunRequest(run_id=run.run_id)
        seen: list[int] = []
        async with aclosing(services.runner.stream("WatchRun", request)) as early:
            async for response in early:
                seen += response.equity.ts
                if len(seen) > 10 or response.run.state in FINAL:
                    break
            async with aclosing(services.runner.stream("WatchRun", request)) as late:
                first = await anext(late)
    assert len(seen) > 10, "the run ended before it was watched"
    assert list(first.equity.ts)[: len(seen)] == seen


def test_a_curve_stays_short_and_keeps_its_extremes() -> None:
    curve = EquityCurve()
    curve.restart()
    early = curve.watch()
    for number in range(0, 50_000, 5):
        curve.add([(row, float(row == 77) - float(row == 4_321), 0.0, 0.0) for row in range(number, number + 5)])
    equity = list(curve.watch().take()[0].equity)
    assert len(equity) <= 2_000
    assert (max(equity), min(equity)) == (1.0, -1.0)
    assert early.take()[0] == curve.watch().take()[0]
    curve.add([(60_000, 5.0, 0.0, 1.0)])
    assert list(early.take()[0].ts) == [60_000]
    assert list(early.take()[0].ts) == []


def test_a_restarted_replay_replaces_the_curve_of_the_former() -> None:
    curve = EquityCurve()
    curve.restart()
    watcher, later = curve.watch(), CurveWatcher(curve)
    curve.add([(1, 5.0, 0.0, 1.0)])
    assert (list(watcher.take()[0].ts), watcher.take()[1]) == ([1], False)
    curve.restart()
    curve.add([(1, 6.0, 0.0, 1.0)])
    columns, restarted = watcher.take()
    assert (list(columns.equity), restarted) == ([6.0], True)
    columns, restarted = later.take()
    assert (list(columns.equity), restarted) == ([6.0], False)


async def test_when_the_account_runs_dry_the_replay_restarts_with_the_engines_checks(raw: RawFolder, tmp_path: Path) -> None:
    raw.write(trades(6_000, price=[64_000.5] * 6_000, amount=[0.002] * 6_000))
    # An order costs 0.0512 in fees, so the account runs dry in the third slice.
    poor = run_config(BTC, f"{DAY}T00:00:00Z", f"{DAY}T23:59:59Z", starting_balance=150)
    async with stack(tmp_path, TICKREEL_SEGMENT_ROWS="1000") as services:
        run = await services.create(poor, "full")
        responses = await watched(services, run.run_id)
    result = responses[-1].run.result
    assert responses[-1].run.state == SUCCEEDED, responses[-1].run.failure.message
    assert (result.metadata.segments, result.metadata.one_piece_because) == (
        1,
        "the account has no free balance left, so it may deny orders",
    )
    assert 2_900 < result.summary.orders_filled < 2_960
    assert sum(result.summary.orders_unfilled.values()) == 6_000 - result.summary.orders_filled
    points: list[tuple[int, float]] = []
    for response in responses:
        points = [] if response.equity_restarted else points
        points += zip(response.equity.ts, response.equity.equity, strict=True)
    table = equity_table(tmp_path / "results/full" / run.run_id)
    assert len(table) == 6_000
    assert all(float(table[ts]) == pytest.approx(equity, rel=1e-12) for ts, equity in points)
