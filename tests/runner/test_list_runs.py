"""The list of runs: what a filter says, in the order asked for, whether a run lives or has ended."""

from pathlib import Path
from typing import Any

import pytest

from stack import Stack, stack
from tickreel.jobs.journal import Journal
from tickreel.rpc.errors import TickreelError
from tickreel.v1 import job_pb2, result_pb2, run_pb2
from tickreel.v1 import runner_service_pb2 as rpc

RUNS = 450


def fill(journal: Journal[run_pb2.Run]) -> None:
    """Runs R000 to R449, each a second later than the one before, every third failed."""
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
