"""A run survives the death of its process, of the Runner and of the Converter."""

import asyncio
import os
import signal
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from child_processes import children_running
from recordings import BTC, DAY, RawFolder, trades
from run_configs import run_config
from serving import serving, settings_in
from stack import Stack, stack
from tickreel.converter.service import ConverterServicer
from tickreel.jobs.journal import Journal
from tickreel.rpc.channel import ServiceClient
from tickreel.rpc.server import Server
from tickreel.rpc.settings import Settings
from tickreel.runner.service import RunnerServicer
from tickreel.v1 import conversion_pb2, converter_service_pb2, job_pb2, run_pb2, runner_service_pb2

CONFIG = run_config(BTC, f"{DAY}T00:00:00Z", f"{DAY}T23:59:59Z")
# A short window, for a file that takes long to convert.
SHORT = run_config(BTC, f"{DAY}T12:00:00Z", f"{DAY}T12:00:00.001Z")
PATIENCE = 60


@pytest.fixture
def data(raw: RawFolder) -> RawFolder:
    raw.write(trades(500))
    return raw


async def get(runner: ServiceClient, run_id: str) -> run_pb2.Run:
    response: runner_service_pb2.GetRunResponse = await runner.call("GetRun", runner_service_pb2.GetRunRequest(run_id=run_id))
    return response.run


async def until(runner: ServiceClient, run_id: str, phase: job_pb2.JobPhase) -> None:
    """Wait until a run is in a phase and has made progress in it."""
    async with asyncio.timeout(PATIENCE):
        async for response in runner.stream("WatchRun", runner_service_pb2.WatchRunRequest(run_id=run_id)):
            assert response.run.state in (job_pb2.JOB_STATE_QUEUED, job_pb2.JOB_STATE_RUNNING), response.run.failure.message
            if response.run.progress.phase == phase and response.run.progress.done:
                return


async def end(runner: ServiceClient, run_id: str) -> run_pb2.Run:
    async with asyncio.timeout(PATIENCE):
        request = runner_service_pb2.WatchRunRequest(run_id=run_id)
        runs: list[run_pb2.Run] = [response.run async for response in runner.stream("WatchRun", request)]
        return runs[-1]


def journalled(settings: Settings, *runs: run_pb2.Run) -> None:
    """Write runs to the journal as a killed process leaves them."""
    journal = Journal(settings.state_root / "runner", run_pb2.Run)
    for run in runs:
        known = journal.get(run.run_id) is not None
        (journal.save(run.run_id, run) if known else journal.add(run.run_id, run, "", ""))
    journal.close()


async def test_a_restarted_runner_repeats_unfinished_runs_and_completes_committed_ones(data: RawFolder, tmp_path: Path) -> None:
    async with stack(tmp_path) as services:
        done = await services.finish(CONFIG)
    lost, given_up, cancelling, committed = (run_pb2.Run() for _ in range(4))
    for run, run_id, attempts, state in (
        (lost, "LOST", 1, job_pb2.JOB_STATE_RUNNING),
        (given_up, "GIVEN_UP", 3, job_pb2.JOB_STATE_RUNNING),
        (cancelling, "CANCELLING", 1, job_pb2.JOB_STATE_CANCELLING),
        (committed, done.run_id, 1, job_pb2.JOB_STATE_RUNNING),
    ):
        run.CopyFrom(done)
        run.run_id, run.attempts, run.state = run_id, attempts, state
        for field in ("result", "ended_at"):
            run.ClearField(field)
    journalled(services.settings, lost, given_up, cancelling, committed)
    half_written = tmp_path / "results/full/.LOST/orders.json"
    half_written.parent.mkdir()
    half_written.write_text("[")
    # As after a kill between the commit and the removal of the staging folder.
    (tmp_path / "results/full" / f".{done.run_id}").mkdir()
    scratch = [Path(tempfile.mkdtemp(prefix=f"tickreel-run-{run_id}-")) for run_id in ("LOST", done.run_id)]
    # The files of the earlier conversion may be missing too.
    for file in (tmp_path / "parquet").rglob("*.parquet"):
        file.unlink()
    async with stack(tmp_path) as services:
        runs = {run.run_id: await end(services.runner, run.run_id) for run in (lost, given_up, cancelling, committed)}
    assert not list((tmp_path / "results/full").glob(".*"))
    assert not [folder for folder in scratch if folder.exists()]
    assert (runs["LOST"].state, runs["LOST"].attempts) == (job_pb2.JOB_STATE_SUCCEEDED, 2), runs["LOST"].failure.message
    assert runs["LOST"].conversion_id != done.conversion_id
    assert runs["LOST"].result.metadata.result_digest == done.result.metadata.result_digest
    assert (runs["GIVEN_UP"].state, runs["GIVEN_UP"].failure.reason) == (job_pb2.JOB_STATE_FAILED, "INTERRUPTED")
    assert runs["GIVEN_UP"].failure.metadata["attempts"] == "3"
    assert runs["CANCELLING"].state == job_pb2.JOB_STATE_CANCELLED
    assert runs[done.run_id].state == job_pb2.JOB_STATE_SUCCEEDED
    assert runs[done.run_id].result == done.result


async def test_a_runner_that_stops_normally_resumes_its_runs(raw: RawFolder, tmp_path: Path) -> None:
    raw.write(trades(20_000))
    async with stack(tmp_path, TICKREEL_RUNNER_SLOTS="1") as services:
        running, queued = await services.create(CONFIG), await services.create(CONFIG)
        await until(services.runner, running.run_id, job_pb2.JOB_PHASE_REPLAYING)
        assert (await get(services.runner, queued.run_id)).queue_position == 1
    assert not [path for path in (tmp_path / "results").rglob("*") if path.is_file()]
    async with stack(tmp_path) as services:
        ends = [await end(services.runner, run.run_id) for run in (running, queued)]
    assert [(run.state, run.attempts) for run in ends] == [(job_pb2.JOB_STATE_SUCCEEDED, 1)] * 2
    assert len({run.result.metadata.result_digest for run in ends}) == 1


async def test_a_run_waits_for_a_converter_that_restarts(raw: RawFolder, tmp_path: Path) -> None:
    raw.write(trades(1_000_000))
    converter = Server(ConverterServicer(settings_in(tmp_path)))
    settings = settings_in(tmp_path, TICKREEL_CONVERTER_ADDRESS=await converter.start("127.0.0.1:0"))
    async with serving("runner", RunnerServicer, settings) as runner:
        run = await Stack(settings, runner, runner, runner).create(SHORT)
        await until(runner, run.run_id, job_pb2.JOB_PHASE_CONVERTING)
        await converter.stop(0)
        assert (await get(runner, run.run_id)).state == job_pb2.JOB_STATE_RUNNING
        converter = Server(ConverterServicer(settings))
        await converter.start(settings.addresses["converter"])
        ended = await end(runner, run.run_id)
        await converter.stop(0)
    assert (ended.state, ended.attempts) == (job_pb2.JOB_STATE_SUCCEEDED, 1), ended.failure.message
    journal = Journal(settings.state_root / "converter", conversion_pb2.Conversion)
    assert journal.get(ended.conversion_id) is not None
    assert journal.unfinished() == []
    journal.close()


class LostCalls(ConverterServicer):
    """A Converter whose first responses are lost. Meanwhile the clock of the event loop, which the Runner shares, jumps ahead,
    as if the Runner had been suspended."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.lost: list[str] = []

    async def _lose(self, method: str, context: Any) -> None:
        if method not in self.lost:
            self.lost.append(method)
            away = 1_000 * len(self.lost)
            asyncio.get_running_loop().time = lambda: time.monotonic() + away  # type: ignore[method-assign]
            await context.abort(grpc.StatusCode.UNAVAILABLE, "Socket closed")

    async def CreateConversion(self, request: Any, context: Any) -> converter_service_pb2.CreateConversionResponse:  # noqa: N802
        if not request.validate_only:
            await self._lose("CreateConversion", context)
        return await super().CreateConversion(request, context)

    async def WatchConversion(self, request: Any, context: Any) -> AsyncIterator[Any]:  # noqa: N802
        await self._lose("WatchConversion", context)
        async for response in super().WatchConversion(request, context):
            yield response


async def test_a_runner_that_was_suspended_calls_the_converter_again(data: RawFolder, tmp_path: Path) -> None:
    async with serving("converter", LostCalls, settings_in(tmp_path)) as converter:
        settings = settings_in(tmp_path, TICKREEL_CONVERTER_ADDRESS=converter.address)
        async with serving("runner", RunnerServicer, settings) as runner:
            ended = await Stack(settings, converter, runner, runner).finish(CONFIG)
    assert (ended.state, ended.attempts) == (job_pb2.JOB_STATE_SUCCEEDED, 1), ended.failure.message


async def test_a_restarted_runner_continues_with_the_running_conversion(raw: RawFolder, tmp_path: Path) -> None:
    raw.write(trades(1_000_000))
    settings = settings_in(tmp_path)
    async with serving("converter", ConverterServicer, settings) as converter:
        settings = settings_in(tmp_path, TICKREEL_CONVERTER_ADDRESS=converter.address)
        async with serving("runner", RunnerServicer, settings) as runner:
            run = await Stack(settings, converter, runner, runner).create(SHORT)
            await until(runner, run.run_id, job_pb2.JOB_PHASE_CONVERTING)
        listed = await converter.call("ListConversions", converter_service_pb2.ListConversionsRequest())
        assert [found.state for found in listed.conversions] == [job_pb2.JOB_STATE_RUNNING]
        async with serving("runner", RunnerServicer, settings) as runner:
            ended = await end(runner, run.run_id)
        listed = await converter.call("ListConversions", converter_service_pb2.ListConversionsRequest())
    assert ended.state == job_pb2.JOB_STATE_SUCCEEDED, ended.failure.message
    assert [found.conversion_id for found in listed.conversions] == [ended.conversion_id]


class LateConverter(ConverterServicer):
    """A Converter that creates a conversion but delays the response."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.begun, self.answers = asyncio.Event(), asyncio.Event()

    async def CreateConversion(self, request: Any, context: Any) -> converter_service_pb2.CreateConversionResponse:  # noqa: N802
        response = await super().CreateConversion(request, context)
        if response.conversion.conversion_id:
            self.begun.set()
            await self.answers.wait()
        return response


async def test_a_conversion_is_cancelled_if_its_run_was_cancelled_before_the_response(raw: RawFolder, tmp_path: Path) -> None:
    raw.write(trades(1_000_000))
    settings = settings_in(tmp_path)
    late = LateConverter(settings)
    async with serving("converter", lambda _: late, settings) as converter:
        settings = settings_in(tmp_path, TICKREEL_CONVERTER_ADDRESS=converter.address)
        async with serving("runner", RunnerServicer, settings) as runner:
            run = await Stack(settings, converter, runner, runner).create(SHORT)
            await late.begun.wait()
            cancelled = (await runner.call("CancelRun", runner_service_pb2.CancelRunRequest(run_id=run.run_id))).run
            assert (cancelled.state, cancelled.conversion_id) == (job_pb2.JOB_STATE_CANCELLED, "")
            late.answers.set()
            (made,) = (await converter.call("ListConversions", converter_service_pb2.ListConversionsRequest())).conversions
            watch = converter_service_pb2.WatchConversionRequest(conversion_id=made.conversion_id)
            *_, last = [response.conversion async for response in converter.stream("WatchConversion", watch)]
    assert last.state == job_pb2.JOB_STATE_CANCELLED


async def test_a_run_beyond_the_memory_limit_fails(data: RawFolder, tmp_path: Path) -> None:
    data.write(trades(200_000))
    async with stack(tmp_path, TICKREEL_RUNNER_MEMORY="60") as services:
        run = await services.finish(CONFIG)
    assert (run.state, run.failure.reason) == (job_pb2.JOB_STATE_FAILED, "OUT_OF_MEMORY"), run.failure
    assert run.failure.metadata["limit_mib"] == "60"
    assert not [path for path in (tmp_path / "results").rglob("*") if path.is_file()]


async def test_a_run_whose_process_aborts_fails_and_leaves_no_files(raw: RawFolder, tmp_path: Path) -> None:
    raw.write(trades(20_000))
    async with stack(tmp_path) as services:
        run = await services.create(CONFIG)
        await until(services.runner, run.run_id, job_pb2.JOB_PHASE_REPLAYING)
        (pid,) = children_running("tickreel.runner.run_process")
        os.kill(pid, signal.SIGABRT)
        ended = await end(services.runner, run.run_id)
    assert (ended.state, ended.failure.reason) == (job_pb2.JOB_STATE_FAILED, "ENGINE_ABORTED")
    assert not [path for path in (tmp_path / "results").rglob("*") if path.is_file()]


async def test_a_run_whose_process_is_killed_is_repeated_with_the_same_result(raw: RawFolder, tmp_path: Path) -> None:
    raw.write(trades(20_000))
    async with stack(tmp_path) as services:
        run = await services.create(CONFIG)
        await until(services.runner, run.run_id, job_pb2.JOB_PHASE_REPLAYING)
        (pid,) = children_running("tickreel.runner.run_process")
        os.kill(pid, signal.SIGKILL)
        ended = await end(services.runner, run.run_id)
        undisturbed = await services.finish(CONFIG)
    assert (ended.state, ended.attempts) == (job_pb2.JOB_STATE_SUCCEEDED, 2)
    assert ended.result.metadata.result_digest == undisturbed.result.metadata.result_digest


async def test_runs_whose_processes_have_one_template_have_one_digest(data: RawFolder, tmp_path: Path) -> None:
    async with stack(tmp_path) as services:
        runs = [await services.finish(CONFIG) for _ in range(3)]
    assert len({run.result.metadata.result_digest for run in runs}) == 1
    assert all(run.state == job_pb2.JOB_STATE_SUCCEEDED for run in runs)
    assert children_running("tickreel.runner.run_process") == []
