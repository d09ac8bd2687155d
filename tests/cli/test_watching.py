"""A watch reconnects, and a signal cancels the job: against a real server with a scripted Runner."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
import pytest

from tickreel.cli import watching
from tickreel.cli.interrupts import Interrupts
from tickreel.cli.watching import RUN, Watch
from tickreel.jobs.job import CANCELLED, RUNNING, SUCCEEDED, Job
from tickreel.rpc.channel import ServiceClient
from tickreel.rpc.errors import TickreelError, not_found
from tickreel.rpc.server import Server
from tickreel.v1 import run_pb2, runner_service_pb2, runner_service_pb2_grpc


class OneRun(runner_service_pb2_grpc.RunnerServiceServicer):
    """A Runner with one run. The test sets the state of the run."""

    DESCRIPTOR = runner_service_pb2.DESCRIPTOR.services_by_name["RunnerService"]
    add_to_server = staticmethod(runner_service_pb2_grpc.add_RunnerServiceServicer_to_server)

    def __init__(self) -> None:
        self.run = run_pb2.Run(run_id="R", state=RUNNING)
        self.interval = 0.02

    async def open(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to close."""

    async def WatchRun(  # noqa: N802 - the contract's name
        self, request: runner_service_pb2.WatchRunRequest, context: grpc.aio.ServicerContext
    ) -> AsyncIterator[runner_service_pb2.WatchRunResponse]:
        if request.run_id != "R":
            raise not_found("run", request.run_id)
        while True:
            yield runner_service_pb2.WatchRunResponse(run=self.run)
            if self.run.state in (SUCCEEDED, CANCELLED):
                return
            await asyncio.sleep(self.interval)

    async def CancelRun(  # noqa: N802 - the contract's name
        self, request: runner_service_pb2.CancelRunRequest, context: grpc.aio.ServicerContext
    ) -> runner_service_pb2.CancelRunResponse:
        self.run.state = CANCELLED
        return runner_service_pb2.CancelRunResponse(run=self.run)


class Shown:
    """A display that records states and messages, and can be awaited."""

    def __init__(self) -> None:
        self.states: list[int] = []
        self.notes: list[str] = []
        self.has_shown = asyncio.Event()
        self.has_noted = asyncio.Event()

    def show(self, job: Job) -> None:
        self.states.append(job.state)
        self.has_shown.set()

    def note(self, text: str) -> None:
        self.notes.append(text)
        self.has_noted.set()


@asynccontextmanager
async def watched(runner: OneRun, run_id: str = "R") -> AsyncIterator[tuple[Server, str, Watch, Shown]]:
    server = Server(runner)
    address = await server.start("127.0.0.1:0")
    client = ServiceClient("runner", address)
    shown = Shown()
    try:
        yield server, address, Watch(client, RUN, run_id, shown), shown
    finally:
        await client.close()
        await server.stop(0)


async def test_a_watch_ends_with_the_run() -> None:
    runner = OneRun()
    async with watched(runner) as (_, _, watch, shown):
        watching_it = asyncio.create_task(watch.to_end())
        await shown.has_shown.wait()
        runner.run.state = SUCCEEDED
        assert (await watching_it).state == SUCCEEDED
        assert shown.states[0] == RUNNING
        assert shown.notes == []


@pytest.mark.parametrize("stopped_seconds", [0, 1_000])
async def test_a_broken_connection_is_reopened(stopped_seconds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    runner = OneRun()
    runner.interval = 3_600
    async with watched(runner) as (server, address, watch, shown):
        watching_it = asyncio.create_task(watch.to_end())
        await shown.has_shown.wait()
        # Simulates a process stopped by Ctrl-Z whose connection breaks in the meantime.
        monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: time.monotonic() + stopped_seconds)
        await server.stop(0)
        await shown.has_noted.wait()
        runner.run.state = SUCCEEDED
        again = Server(runner)
        await again.start(address)
        try:
            assert (await watching_it).state == SUCCEEDED
        finally:
            await again.stop(0)
        assert "lost the connection" in shown.notes[0]


async def test_the_watcher_gives_up_and_prints_how_to_resume(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "PATIENCE", 0.3)
    async with watched(OneRun()) as (server, address, watch, _):
        await server.stop(0)
        with pytest.raises(TickreelError, match=f"tickreel watch R --address {address}") as caught:
            await watch.to_end()
        assert caught.value.reason == "SERVICE_UNAVAILABLE"


async def test_an_unknown_run_is_refused_without_a_retry() -> None:
    async with watched(OneRun(), "other") as (_, _, watch, shown):
        with pytest.raises(TickreelError) as caught:
            await watch.to_end()
        assert caught.value.reason == "NOT_FOUND"
        assert shown.notes == []


async def test_a_signal_cancels_the_run() -> None:
    async with watched(OneRun()) as (_, _, watch, shown):
        interrupts = Interrupts()
        watching_it = asyncio.create_task(watch.to_end_or_cancelled(interrupts))
        await shown.has_shown.wait()
        interrupts.asked.set()
        assert (await watching_it).state == CANCELLED
        assert shown.notes == ["cancelling; press Ctrl-C again to exit at once"]
