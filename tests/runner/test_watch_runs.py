"""WatchRuns streams all active runs, every end of a run, and heartbeats."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing
from pathlib import Path

import pytest

from recordings import BTC, DAY, RawFolder, trades
from run_configs import run_config
from stack import Stack, stack
from tickreel.jobs import queue as queues
from tickreel.jobs.job import CANCELLED, FINAL, QUEUED, SUCCEEDED
from tickreel.runner.submission.run_entry import run_entry
from tickreel.v1 import run_pb2, runner_service_pb2

CONFIG = run_config(BTC, f"{DAY}T00:00:00Z", f"{DAY}T23:59:59Z")
PATIENCE = 60


@pytest.fixture
def data(raw: RawFolder) -> RawFolder:
    raw.write(trades(500))
    return raw


async def watch_runs(services: Stack) -> AsyncGenerator[list[run_pb2.RunEntry]]:
    """Yield the runs of each message."""
    async for response in services.runner.stream("WatchRuns", runner_service_pb2.WatchRunsRequest()):
        yield list(response.runs)


async def first_of(services: Stack) -> list[run_pb2.RunEntry]:
    """Return the runs of the first message and stop watching."""
    async with aclosing(watch_runs(services)) as messages:
        return await anext(messages)


async def ends_of(messages: AsyncGenerator[list[run_pb2.RunEntry]], run_ids: set[str]) -> dict[str, int]:
    """Read messages until each of these runs has ended; return the final states."""
    ends: dict[str, int] = {}
    while ends.keys() < run_ids:
        for run in await anext(messages):
            if run.state in FINAL:
                assert run.run_id not in ends, "the end of a run was reported twice"
                ends[run.run_id] = run.state
    return ends


async def test_a_run_is_reported_from_its_creation_to_its_end(data: RawFolder, tmp_path: Path) -> None:
    async with stack(tmp_path) as services, asyncio.timeout(PATIENCE), aclosing(watch_runs(services)) as messages:
        assert await anext(messages) == []
        created = await services.create(CONFIG)
        entries: list[run_pb2.RunEntry] = []
        while not (entries and entries[-1].state in FINAL):
            entries += await anext(messages)
        got = await services.runner.call("GetRun", runner_service_pb2.GetRunRequest(run_id=created.run_id))
    assert {run.run_id for run in entries} == {created.run_id}
    assert entries[-1].state == SUCCEEDED
    assert entries[-1] == run_entry(got.run)
    assert entries[-1].figures.orders == 500
    assert sum(run.state in FINAL for run in entries) == 1


async def test_the_first_message_has_all_active_runs_and_every_end_is_reported(data: RawFolder, tmp_path: Path) -> None:
    async with AsyncExitStack() as entered:
        services = await entered.enter_async_context(stack(tmp_path, TICKREEL_RUNNER_SLOTS="1"))
        await services.finish(CONFIG)
        run_ids = [(await services.create(CONFIG)).run_id for _ in range(4)]
        watchers = [await entered.enter_async_context(aclosing(watch_runs(services))) for _ in range(3)]
        async with asyncio.timeout(PATIENCE):
            firsts = [await anext(messages) for messages in watchers]
            await services.runner.call("CancelRun", runner_service_pb2.CancelRunRequest(run_id=run_ids[-1]))
            live = [{run.run_id for run in first} for first in firsts]
            ends = await asyncio.gather(*map(ends_of, watchers, live))
        assert await first_of(services) == [], "a run has not ended"
    wanted = dict(zip(run_ids, [SUCCEEDED, SUCCEEDED, SUCCEEDED, CANCELLED], strict=True))
    for first, ended in zip(firsts, ends, strict=True):
        assert [run.run_id for run in first] == run_ids[-len(first) :]
        assert ended == {run.run_id: wanted[run.run_id] for run in first}


async def test_a_watcher_that_leaves_affects_no_run_and_no_other_watcher(raw: RawFolder, tmp_path: Path) -> None:
    raw.write(trades(60_000))
    async with stack(tmp_path, TICKREEL_RUNNER_SLOTS="1") as services:
        run_ids = [(await services.create(CONFIG)).run_id for _ in range(3)]
        first, again = await first_of(services), await first_of(services)
        for run_id in reversed(run_ids):
            await services.runner.call("CancelRun", runner_service_pb2.CancelRunRequest(run_id=run_id))
    assert [run.run_id for run in first] == [run.run_id for run in again] == run_ids
    assert [run.state for run in first[1:]] == [QUEUED, QUEUED]


async def test_an_empty_message_is_the_heartbeat(data: RawFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues, "HEARTBEAT", 0.05)
    async with stack(tmp_path) as services, asyncio.timeout(PATIENCE), aclosing(watch_runs(services)) as messages:
        assert [await anext(messages) for _ in range(4)] == [[]] * 4


async def test_runs_that_exceed_one_message_come_in_the_next(
    raw: RawFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queues, "WATCH_JOBS", 2)
    raw.write(trades(60_000))
    async with stack(tmp_path, TICKREEL_RUNNER_SLOTS="1") as services:
        run_ids = [(await services.create(CONFIG)).run_id for _ in range(5)]
        async with asyncio.timeout(PATIENCE), aclosing(watch_runs(services)) as messages:
            seen: list[str] = []
            while set(seen) < set(run_ids):
                runs = await anext(messages)
                assert len(runs) <= 2
                seen += [run.run_id for run in runs]
        for run_id in reversed(run_ids):
            await services.runner.call("CancelRun", runner_service_pb2.CancelRunRequest(run_id=run_id))
