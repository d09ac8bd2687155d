"""The catalog is a cache: a run whose catalog files are deleted or replaced converts again and restarts, or fails saying so."""

import os
import shutil
import signal
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import grpc
import pytest

from child_processes import templates_of
from plug_in import MEDDLER, install_here
from recordings import BTC, DAY, RawFolder, books, trades
from run_configs import run_config
from serving import serving, settings_in
from stack import Stack, stack
from tickreel.converter.service import ConverterServicer
from tickreel.runner.service import RunnerServicer
from tickreel.v1 import converter_service_pb2, job_pb2, result_pb2, run_pb2, runner_service_pb2, verification_pb2

ROWS = 600
FIRST, MIDDLE, LAST = "100", "400", "699"
CONFIG = run_config(BTC, f"{DAY}T00:00:00Z", f"{DAY}T23:59:59Z")
BOTH = run_pb2.RunOptions(snapshot_mode=result_pb2.SNAPSHOT_MODE_BOTH)

# The deleted path, where {} is the catalog root, and the id of the trade at which it is deleted.
DELETED = [
    ("{}", FIRST),
    ("{}", LAST),
    ("{}/price1-size3", MIDDLE),
    ("{}/*/data/trades/*/*.parquet", MIDDLE),
    ("{}/*/data/order_book_depths/*/*.parquet", MIDDLE),
]


@pytest.fixture(scope="module", autouse=True)
def plug_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        install_here(MEDDLER, tmp_path_factory.mktemp("site"), monkeypatch)
        yield


@pytest.fixture
def folder(raw: RawFolder, tmp_path: Path) -> Path:
    raw.write(trades(ROWS))
    raw.write(books(ROWS // 2), data_type="book_snapshot_5")
    return tmp_path


def meddling(at: str, command: str) -> dict[str, Any]:
    """Return the config with a strategy that runs a shell command at a trade."""
    config = deepcopy(CONFIG)
    config["strategy"] |= {"name": "Meddler", "parameters": {"at": at, "command": command}}
    return config


def once(folder: Path, command: str) -> str:
    """Return a shell command that does its work the first time only."""
    return f"mkdir '{folder}/done' 2> /dev/null || exit 0; {command}"


async def undisturbed(services: Stack, **fields: Any) -> str:
    """Return the result digest of the run without any interference."""
    run = await services.finish(CONFIG, **fields)
    assert run.state == job_pb2.JOB_STATE_SUCCEEDED, run.failure.message
    return run.result.metadata.result_digest


async def conversions(services: Stack) -> int:
    listed = await services.converter.call("ListConversions", converter_service_pb2.ListConversionsRequest())
    return len(listed.conversions)


async def test_a_catalog_deleted_during_the_replay_is_converted_again(folder: Path) -> None:
    async with stack(folder, TICKREEL_REPLAY_CHUNK="10") as services:
        wanted = await undisturbed(services, options=BOTH)
        for deleted, at in DELETED:
            before = await conversions(services)
            command = once(folder, f"rm -r {deleted.format(folder / 'parquet')}")
            run = await services.finish(meddling(at, command), "full", options=BOTH)
            assert run.state == job_pb2.JOB_STATE_SUCCEEDED, run.failure.message
            assert run.result.metadata.result_digest == wanted
            assert await conversions(services) == before + 2
            (folder / "done").rmdir()
        verifying = await services.runner.call("VerifyRun", runner_service_pb2.VerifyRunRequest(run_id=run.run_id))
        verified = (await services.watch(verifying.run.run_id))[-1]
        assert verified.verification.verdict == verification_pb2.VERDICT_EQUAL, verified.failure.message
        assert (folder / "done").is_dir()


async def test_a_catalog_deleted_during_the_replay_of_slices_is_converted_again(folder: Path) -> None:
    command = once(folder, f"rm -r {folder}/parquet")
    async with stack(folder, TICKREEL_SEGMENT_ROWS="100", TICKREEL_RUN_PROCESSES="2") as services:
        wanted = await undisturbed(services)
        run = await services.finish(meddling(MIDDLE, command))
    assert run.state == job_pb2.JOB_STATE_SUCCEEDED, run.failure.message
    assert run.result.metadata.segments > 1
    assert run.result.metadata.result_digest == wanted


async def test_a_catalog_deleted_in_every_attempt_fails_the_run(folder: Path) -> None:
    async with stack(folder) as services:
        run = await services.finish(meddling(MIDDLE, f"rm -r {folder}/parquet"), "full")
        assert (run.state, run.failure.reason) == (job_pb2.JOB_STATE_FAILED, "DATA_CHANGED")
        assert "deleted or replaced each of the 3 times" in run.failure.message
        assert str(folder / "parquet") in run.failure.message
        assert run.failure.metadata["attempts"] == "3"
        assert await conversions(services) == 3
        left = [path for root in ("results", "tickdata") for path in (folder / root).rglob("*") if path.is_file()]
        assert left == []


async def test_an_error_of_the_strategy_is_not_retried(folder: Path) -> None:
    async with stack(folder) as services:
        run = await services.finish(meddling(MIDDLE, "exit 1"))
        assert run.failure.reason == "REPLAY_FAILED"
        assert await conversions(services) == 1


async def test_a_file_replaced_by_an_equal_one_changes_nothing(folder: Path) -> None:
    swap = "for file in {}/*/data/*/*/*.parquet; do cp $file $file.new; mv $file.new $file; done".format(folder / "parquet")
    async with stack(folder, TICKREEL_REPLAY_CHUNK="10") as services:
        wanted = await undisturbed(services, options=BOTH)
        run = await services.finish(meddling(MIDDLE, swap), "full", options=BOTH)
        assert run.state == job_pb2.JOB_STATE_SUCCEEDED, run.failure.message
        assert run.result.metadata.result_digest == wanted


async def test_a_file_replaced_by_other_rows_is_detected(folder: Path, raw: RawFolder) -> None:
    raw.write(trades(ROWS, price=[64_000.5 + row % 7 for row in range(ROWS)]))
    async with stack(folder, DATA_CATALOG_PATH=str(folder / "other"), TICKREEL_STATE_PATH=str(folder / "aside")) as services:
        digest_of_other_rows = await undisturbed(services)
    raw.write(trades(ROWS))
    swap = f"cd {folder}/other && for file in */data/trades/*/*.parquet; do cp $file {folder}/parquet/$file; done"
    async with stack(folder, TICKREEL_REPLAY_CHUNK="10") as services:
        wanted = await undisturbed(services)
        run = await services.finish(meddling(MIDDLE, once(folder, swap)))
    assert run.state == job_pb2.JOB_STATE_SUCCEEDED, run.failure.message
    assert run.result.metadata.result_digest == wanted != digest_of_other_rows


async def test_a_catalog_deleted_before_the_run_process_reads_it_is_converted_again(folder: Path) -> None:
    async with stack(folder) as services:
        wanted = await undisturbed(services)
        stopped = templates_of("tickreel.runner.run_process")
        assert stopped
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        run = await services.create(CONFIG)
        async for response in services.runner.stream("WatchRun", runner_service_pb2.WatchRunRequest(run_id=run.run_id)):
            if response.run.conversion_id:
                break
        shutil.rmtree(folder / "parquet")
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
        ended = (await services.watch(run.run_id))[-1]
        assert ended.state == job_pb2.JOB_STATE_SUCCEEDED, ended.failure.message
        assert ended.conversion_id != response.run.conversion_id
        assert ended.result.metadata.result_digest == wanted


class DeletingConverter(ConverterServicer):
    """A Converter whose catalog is deleted each time before it reports the end of a conversion."""

    async def CreateConversion(  # noqa: N802
        self, request: converter_service_pb2.CreateConversionRequest, context: grpc.aio.ServicerContext
    ) -> converter_service_pb2.CreateConversionResponse:
        response = await super().CreateConversion(request, context)
        if not request.validate_only:
            async for conversion in self._jobs.watch(response.conversion.conversion_id):
                response.conversion.CopyFrom(conversion)
            shutil.rmtree(self._settings.catalog_root)
        return response


async def test_a_catalog_deleted_between_conversion_and_replay_fails_the_run(folder: Path) -> None:
    async with serving("converter", DeletingConverter, settings_in(folder)) as converter:
        settings = settings_in(folder, TICKREEL_CONVERTER_ADDRESS=converter.address)
        async with serving("runner", RunnerServicer, settings) as runner:
            run = await Stack(settings, converter, runner, runner).finish(CONFIG)
    assert (run.state, run.failure.reason) == (job_pb2.JOB_STATE_FAILED, "DATA_CHANGED")
    assert "deleted or replaced each of the 3 times" in run.failure.message
