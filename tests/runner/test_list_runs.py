"""The list of runs: filters, sort orders, pages, and deletion of finished runs."""

import json
from pathlib import Path
from typing import Any

import pytest

from recordings import BTC, DAY, RawFolder, trades
from run_configs import run_config
from stack import Stack, stack
from tickreel.jobs.journal import Journal
from tickreel.rpc.errors import TickreelError
from tickreel.v1 import job_pb2, result_pb2, run_pb2
from tickreel.v1 import runner_service_pb2 as rpc

RUNS = 450
CONFIG = run_config(BTC, f"{DAY}T00:00:00Z", f"{DAY}T23:59:59Z")


@pytest.fixture
def data(raw: RawFolder) -> RawFolder:
    raw.write(trades(100))
    return raw


def fill(journal: Journal[run_pb2.Run]) -> None:
    """Add runs R000 to R449, created one second apart; every third one failed."""
    for number in range(RUNS):
        state = job_pb2.JOB_STATE_FAILED if number % 3 == 0 else job_pb2.JOB_STATE_SUCCEEDED
        run = run_pb2.Run(run_id=f"R{number:03d}", state=state)
        run.config.strategy.name = "TempBacktestStrategy" if number % 2 else "EveryNth"
        run.options.mode = result_pb2.RUN_MODE_FULL if number % 5 == 0 else result_pb2.RUN_MODE_FAST
        run.result.summary.pnl = str(number % 7 - 3)
        run.created_at.seconds = 1_790_000_000 + number
        journal.add(run.run_id, run, "", "")


async def ids(services: Stack, size: int = 500, **fields: Any) -> list[int]:
    found, token = [], ""
    while True:
        response = await services.runner.call("ListRuns", rpc.ListRunsRequest(page_size=size, page_token=token, **fields))
        found += [int(run.run_id[1:]) for run in response.runs]
        token = response.next_page_token
        if not token:
            return found


async def test_runs_are_filtered_and_sorted(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "state/runner", run_pb2.Run)
    fill(journal)
    journal.close()
    newest_first = list(range(RUNS - 1, -1, -1))
    async with stack(tmp_path) as services:
        assert await ids(services, 200) == newest_first
        (newest,) = (await services.runner.call("ListRuns", rpc.ListRunsRequest(page_size=1))).runs
        assert (newest.strategy, newest.figures.pnl) == ("TempBacktestStrategy", str((RUNS - 1) % 7 - 3))
        failed = await ids(services, 40, filter='state = FAILED AND config.strategy.name = "Temp*"')
        assert failed == [number for number in newest_first if number % 3 == 0 and number % 2]
        full = await ids(services, 17, filter="options.mode = FULL", order_by="result.summary.pnl desc, created_at")
        assert full == sorted(range(0, RUNS, 5), key=lambda number: (-(number % 7), number))
        assert await ids(services, order_by="created_at") == list(range(RUNS))
        for fields, field in (
            ({"filter": "state = DONE"}, "filter"),
            ({"order_by": "config"}, "order_by"),
            ({"page_size": -1}, "page_size"),
        ):
            with pytest.raises(TickreelError) as caught:
                await services.runner.call("ListRuns", rpc.ListRunsRequest(**fields))
            assert [violation.field for violation in caught.value.violations] == [field]


@pytest.mark.parametrize("order_by", ["", "created_at desc"])
async def test_large_runs_can_be_listed(tmp_path: Path, order_by: str) -> None:
    journal = Journal(tmp_path / "state/runner", run_pb2.Run)
    for number in range(40):
        run = run_pb2.Run(run_id=f"R{number:03d}", state=job_pb2.JOB_STATE_SUCCEEDED)
        run.created_at.seconds = 1_790_000_000 + number
        run.config.instrument.id = "BINANCE-FUTURES:PERPETUAL:BTC-USDT"
        run.config.data_catalog.trades_path = "x" * 900_000
        for day in range(1_000):
            run.result.metadata.data_files.add(source=f"day {day}", digest="x" * 64)
        # This field is part of the list entry.
        run.options.config_path = "x" * 300_000
        journal.add(run.run_id, run, "", "")
    journal.close()
    async with stack(tmp_path) as services:
        assert await ids(services, order_by=order_by) == list(range(39, -1, -1))
        entry = (await services.runner.call("ListRuns", rpc.ListRunsRequest(page_size=1, order_by=order_by))).runs[0]
        assert entry.instrument == "BINANCE-FUTURES:PERPETUAL:BTC-USDT"
        assert not {field.name for field, _ in entry.ListFields()} & {"config", "result"}
        whole = (await services.runner.call("GetRun", rpc.GetRunRequest(run_id=entry.run_id))).run
        assert (len(whole.config.data_catalog.trades_path), len(whole.result.metadata.data_files)) == (900_000, 1_000)


async def test_a_config_beyond_the_size_limit_is_refused(data: RawFolder, tmp_path: Path) -> None:
    document = CONFIG | {"fx_stub": {f"USDT_{number:06d}": 1.0 for number in range(60_000)}}
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "large.json").write_text(json.dumps(document))
    async with stack(tmp_path) as services:
        with pytest.raises(TickreelError, match="it must have 1,048,576 at most") as caught:
            await services.create(document)
        assert caught.value.reason == "INVALID_REQUEST"
        (listed,) = (await services.runner.call("ListConfigs", rpc.ListConfigsRequest())).configs
        assert "a config has 1,048,576 at most" in listed.violations[0].description
        assert await ids(services) == []


async def test_deleting_a_finished_run_keeps_its_result(data: RawFolder, tmp_path: Path) -> None:
    async with stack(tmp_path) as services:
        run = await services.finish(CONFIG, request_id="once")
        log = tmp_path / "state/runner/logs" / f"{run.run_id}.log"
        assert log.exists()
        await services.runner.call("DeleteRun", rpc.DeleteRunRequest(run_id=run.run_id))
        assert not log.exists()
        for method, request in (("GetRun", rpc.GetRunRequest), ("DeleteRun", rpc.DeleteRunRequest)):
            with pytest.raises(TickreelError) as caught:
                await services.runner.call(method, request(run_id=run.run_id))
            assert caught.value.reason == "NOT_FOUND"
        assert Path(run.result.metadata.outputs["summary.json"]).exists()
        # The request id can be used again.
        assert (await services.create(CONFIG, request_id="once")).run_id != run.run_id
