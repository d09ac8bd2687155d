"""The log of a run's process, while it is written and afterwards."""

import asyncio
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path

import pytest

from plug_in import EVERY_NTH, install_here
from recordings import BTC, DAY, RawFolder, trades
from run_configs import run_config
from stack import Stack, stack
from tickreel.jobs.job import FINAL, SUCCEEDED
from tickreel.rpc.errors import TickreelError
from tickreel.runner.submission.run_log import RunLog
from tickreel.v1 import results_service_pb2, runner_service_pb2

LINE = "[PRINT] EveryNth-000: one order every 100 rows, side: both\n"
PATIENCE = 60


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "R.log"


async def read(log: Path) -> str:
    return "".join([part async for part in RunLog(log).parts(lambda: False)])


async def test_a_log_is_read_whole_with_invalid_bytes_replaced(log: Path) -> None:
    assert await read(log) == ""
    text = "größer → ∞\n" * 30_000
    log.write_text(text)
    assert await read(log) == text
    log.write_bytes(b"a\xffb" + "∞".encode()[:2])
    assert await read(log) == "a\ufffdb\ufffd"


async def test_a_log_is_followed_to_its_last_byte(log: Path) -> None:
    """A character whose bytes are written in two steps is read as one."""
    live = True
    async with asyncio.timeout(PATIENCE), aclosing(RunLog(log).parts(lambda: live)) as parts:
        waiting = asyncio.create_task(anext(parts))
        await asyncio.sleep(0)
        log.write_bytes(b"one " + "∞".encode()[:1])
        assert await waiting == "one "
        with log.open("ab") as more:
            more.write("∞".encode()[1:] + b" two")
        assert await anext(parts) == "∞ two"
        live = False
        with log.open("ab") as more:
            more.write(b" three")
        assert [part async for part in parts] in ([" three"], [" ", "three"])


async def test_a_truncated_or_replaced_log_is_read_again(log: Path) -> None:
    log.write_text("the first attempt\n")
    async with asyncio.timeout(PATIENCE), aclosing(RunLog(log).parts(lambda: True)) as parts:
        assert await anext(parts) == "the first attempt\n"
        log.write_text("again\n")
        assert await anext(parts) == "again\n"
        other = log.with_name("other")
        other.write_text("in another file\n")
        other.rename(log)
        assert await anext(parts) == "in another file\n"


@pytest.fixture(scope="module")
def plug_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Install a strategy that prints a line when it starts."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        install_here(EVERY_NTH, tmp_path_factory.mktemp("site"), monkeypatch)
        yield


@pytest.fixture
def folder(raw: RawFolder, tmp_path: Path, plug_in: None) -> Path:
    raw.write(trades(500))
    return tmp_path


def config() -> dict[str, object]:
    document = run_config(BTC, f"{DAY}T00:00:00Z", f"{DAY}T23:59:59Z")
    document["strategy"] |= {"name": "EveryNth", "parameters": {"n": 100}}
    return document


async def stream(services: Stack, run_id: str, *, follow: bool) -> str:
    request = runner_service_pb2.StreamRunLogRequest(run_id=run_id, follow=follow)
    async with asyncio.timeout(PATIENCE):
        return "".join([response.text async for response in services.runner.stream("StreamRunLog", request)])


async def test_the_log_of_a_run_is_followed_to_its_end_and_read_after_it(folder: Path) -> None:
    async with stack(folder, TICKREEL_RUNNER_SLOTS="1") as services:
        ahead, run = await services.create(config()), await services.create(config())
        # The run is queued behind the other run, so it has no log yet.
        assert await stream(services, run.run_id, follow=False) == ""
        followed = await stream(services, run.run_id, follow=True)
        ended = (await services.runner.call("GetRun", runner_service_pb2.GetRunRequest(run_id=run.run_id))).run
        assert ended.state in FINAL, "followed to its end"
        after = [await stream(services, run.run_id, follow=follow) for follow in (False, True)]
        other = await stream(services, ahead.run_id, follow=False)
    assert ended.state == SUCCEEDED, ended.failure.message
    assert followed.count(LINE) == other.count(LINE) == 1
    assert after == [followed, followed]


async def test_the_log_of_a_run_with_a_deleted_result_is_removed_at_the_next_start(folder: Path) -> None:
    async with stack(folder) as services:
        kept, gone = await services.finish(config()), await services.finish(config())
        await services.results.call("DeleteResult", results_service_pb2.DeleteResultRequest(run_id=gone.run_id))
        assert LINE in await stream(services, gone.run_id, follow=False)
    async with stack(folder) as services:
        assert LINE in await stream(services, kept.run_id, follow=False)
        assert await stream(services, gone.run_id, follow=False) == ""
        run = (await services.runner.call("GetRun", runner_service_pb2.GetRunRequest(run_id=gone.run_id))).run
    assert run == gone


async def test_the_log_of_an_unknown_run_is_not_found(folder: Path) -> None:
    async with stack(folder) as services:
        for run_id in ("NONE", "", "../../results/x"):
            with pytest.raises(TickreelError) as refusal:
                await stream(services, run_id, follow=True)
            assert refusal.value.reason == "NOT_FOUND"
