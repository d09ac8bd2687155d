"""A run with several positions at once: its tables, its figures, and its verification."""

import copy
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from plug_in import DRIFTER, install_here
from recordings import BTC, DAY, RawFolder, trades
from run_configs import run_config
from stack import stack
from tickreel.v1 import job_pb2, runner_service_pb2, verification_pb2

ROWS = 60


async def test_every_order_opens_a_position_of_its_own(raw: RawFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw.write(trades(ROWS))
    install_here(DRIFTER, tmp_path / "site", monkeypatch)
    config = copy.deepcopy(run_config(BTC, f"{DAY}T00:00:00Z", f"{DAY}T23:59:59Z"))
    config["venue"]["oms_type"] = "HEDGING"
    config["strategy"] = {"name": "Drifter", "parameters": {"source": "seeded"}}
    async with stack(tmp_path) as services:
        run = await services.finish(config, "full")
        assert run.state == job_pb2.JOB_STATE_SUCCEEDED, run.failure.message
        request = runner_service_pb2.VerifyRunRequest(run_id=run.run_id)
        made = (await services.runner.call("VerifyRun", request)).run
        verified = (await services.watch(made.run_id))[-1].verification
    assert verified.verdict == verification_pb2.VERDICT_EQUAL
    summary, codes = run.result.summary, [finding.code for finding in run.result.findings]
    assert "ENGINE_DISAGREES" not in codes
    positions = pq.read_table(run.result.metadata.outputs["positions.parquet"]).to_pylist()
    assert len(positions) == summary.orders == ROWS
    assert all(position["ts_closed"] is None for position in positions)
    # Nothing is closed, although long and short positions offset each other.
    assert Decimal(summary.realized_pnl) == 0
    assert sum(Decimal(side.unrealized_pnl) for side in summary.statistics.by_side) == Decimal(summary.unrealized_pnl)
    assert all(Decimal(side.unrealized_pnl) for side in summary.statistics.by_side)
    assert Decimal(summary.pnl) == Decimal(summary.unrealized_pnl) - Decimal(summary.fees)
