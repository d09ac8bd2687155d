"""Processes do one job after another while they are as good as new, and no job takes the memory of the others."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from terminal import is_alive, wait_until_gone
from tickreel.jobs import process_pool as module
from tickreel.jobs import worker_process
from tickreel.jobs.executor import Resources, Work
from tickreel.jobs.process_pool import ProcessPool
from tickreel.processes.memory import process_memory
from tickreel.rpc.errors import TickreelError
from tickreel.v1 import job_pb2

PATIENCE = 60
needs_proc = pytest.mark.skipif(not process_memory(os.getpid()), reason="only /proc tells what a process takes")


@pytest.fixture(autouse=True)
def on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """The workers of these tests can be started by name."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))


@asynccontextmanager
async def workers(
    folder: Path, *, spare: bool = True, memory: int | None = None, name: str = "sample_worker"
) -> AsyncIterator[ProcessPool]:
    made = ProcessPool(name, folder / "logs", hang_seconds=PATIENCE, spare=spare, resources=Resources(memory=memory))
    try:
        async with asyncio.timeout(PATIENCE):
            yield made
    finally:
        await made.close()


def ignore(_progress: job_pb2.Progress) -> None: ...


async def spare_pid(made: ProcessPool) -> int:
    """The process that is kept, once it is there."""
    while not made._waiting:  # noqa: ASYNC110 - no event says so
        await asyncio.sleep(0.01)
    return made._waiting[-1].pid


async def begun(
    made: ProcessPool, job_id: str, spec: dict[str, Any], expected: int = 0
) -> tuple[asyncio.Task[dict[str, Any]], int]:
    """A job, and the process id that it has reported."""
    told: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def tell(progress: job_pb2.Progress) -> None:
        if not told.done():
            told.set_result(progress.done)

    task = asyncio.create_task(made.run(Work(job_id, spec, tell, expected)))
    return task, await told


async def test_a_process_that_did_its_job_well_does_the_next_and_each_job_has_its_log(tmp_path: Path) -> None:
    async with workers(tmp_path) as made:
        made.warm_up()
        first = await spare_pid(made)
        for job_id in ("a", "b", "a"):
            assert await made.run(Work(job_id, {"do": "make noise"}, ignore)) == {"pid": first}
        # A job that comes while another is at work has a process of its own.
        waiting, pid = await begun(made, "c", {"do": "wait"})
        assert await made.run(Work("d", {"do": "return pid"}, ignore)) != {"pid": first}
        assert pid == first
        waiting.cancel()
        await asyncio.wait([waiting])
        pids = [process.pid for process in made._waiting]
    assert [log.read_text().count("noise\n") for log in (made.log_path("a"), made.log_path("b"))] == [20_000, 20_000]
    assert not [pid for pid in pids if is_alive(pid)]


@needs_proc
@pytest.mark.parametrize(
    ("spec", "last"),
    [
        ({"do": "return pid"}, True),
        ({"do": "hoard", "mib": 500, "keep": True}, False),
        ({"do": "start a process"}, False),
    ],
)
async def test_a_process_that_is_no_longer_as_good_as_new_ends_with_its_job(
    tmp_path: Path, spec: dict[str, Any], last: bool
) -> None:
    async with workers(tmp_path) as made:
        pid = (await made.run(Work("a", spec, ignore, taints=last)))["pid"]
        assert not is_alive(pid)
        assert (await made.run(Work("b", {"do": "return pid"}, ignore)))["pid"] != pid


async def test_a_process_whose_job_failed_does_no_other(tmp_path: Path) -> None:
    async with workers(tmp_path) as made:
        made.warm_up()
        pid = await spare_pid(made)
        with pytest.raises(TickreelError, match="no such rows"):
            await made.run(Work("a", {"do": "refuse"}, ignore))
        assert not is_alive(pid)
        assert (await made.run(Work("b", {"do": "return pid"}, ignore)))["pid"] != pid


@needs_proc
async def test_each_job_is_told_what_it_took_itself(tmp_path: Path) -> None:
    async with workers(tmp_path) as made:
        large = await made.run(Work("a", {"do": "hoard", "mib": 200, "keep": False}, ignore))
        small = await made.run(Work("b", {"do": "hoard", "mib": 1, "keep": False}, ignore))
    assert large["pid"] == small["pid"]
    assert large["peak"] - small["peak"] > 150


async def test_processes_that_wait_for_long_end_but_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SURPLUS_SECONDS", 0.05)
    async with workers(tmp_path) as made:
        jobs = [await begun(made, str(number), {"do": "report for a while", "seconds": 0.5}) for number in range(4)]
        await asyncio.gather(*(task for task, _ in jobs))
        while len(made._waiting) > 1:  # noqa: ASYNC110 - no event says so
            await asyncio.sleep(0.01)
        assert (await made.run(Work("a", {"do": "return", "result": {}}, ignore))) == {}


async def test_where_none_is_kept_each_job_starts_its_own(tmp_path: Path) -> None:
    async with workers(tmp_path, spare=False) as made:
        made.warm_up()
        pids = [(await made.run(Work(job_id, {"do": "return pid"}, ignore)))["pid"] for job_id in "ab"]
        assert not made._waiting
    assert pids[0] != pids[1]
    assert sorted(log.name for log in (tmp_path / "logs").iterdir()) == ["a.log", "b.log"]


async def test_never_more_than_one_is_started_for_the_next_job(tmp_path: Path) -> None:
    async with workers(tmp_path) as made:
        made.warm_up()
        made.warm_up()
        await spare_pid(made)
        made.warm_up()
        assert len(made._waiting) == 1
        results = await asyncio.gather(
            *(made.run(Work(str(n), {"do": "return", "result": {"n": n}}, ignore)) for n in range(4))
        )
        assert results == [{"n": n} for n in range(4)]
    assert {"0.log", "1.log", "2.log", "3.log"} <= {log.name for log in (tmp_path / "logs").iterdir()}


async def test_one_that_died_while_it_waited_is_replaced(tmp_path: Path) -> None:
    async with workers(tmp_path) as made:
        made.warm_up()
        pid = await spare_pid(made)
        os.kill(pid, signal.SIGKILL)
        while made._waiting and made._waiting[0].alive:  # noqa: ASYNC110 - no event says so
            await asyncio.sleep(0.01)
        assert (await made.run(Work("a", {"do": "make noise"}, ignore)))["pid"] != pid


async def test_what_a_spare_process_says_before_it_has_a_job_is_in_the_log_of_the_job(tmp_path: Path) -> None:
    async with workers(tmp_path, name="no_such_worker") as made:
        made.warm_up()
        await spare_pid(made)
        with pytest.raises(TickreelError, match="No module named no_such_worker"):
            await made.run(Work("a", {}, ignore))


async def test_a_log_folder_that_cannot_be_written_fails_the_job_and_not_the_service(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "logs").write_text("in the way")
    async with workers(tmp_path) as made:
        made.warm_up()
        await asyncio.sleep(0)
        with pytest.raises(TickreelError) as caught:
            await made.run(Work("a", {"do": "return", "result": {}}, ignore))
        assert caught.value.reason == "STORE_NOT_WRITABLE"
        (tmp_path / "logs").unlink()
        assert await made.run(Work("a", {"do": "return", "result": {}}, ignore)) == {}
    assert "no worker process is kept" in caplog.text


@needs_proc
async def test_a_worker_that_takes_too_much_is_killed_and_the_others_go_on(tmp_path: Path) -> None:
    async with workers(tmp_path, spare=False, memory=400) as made:
        small, _ = await begun(made, "small", {"do": "wait"})
        with pytest.raises(TickreelError, match=r"took \d+ MiB of memory, with the others \d+ MiB, where 400 MiB") as caught:
            await made.run(Work("large", {"do": "grow", "mib": 500}, ignore))
        assert not small.done()
        small.cancel()
        await asyncio.wait([small])
    assert caught.value.reason == "OUT_OF_MEMORY"
    # It is met on its way up, too.
    assert 300 < int(caught.value.metadata["memory_mib"]) < 700
    assert caught.value.metadata["limit_mib"] == "400"
    assert "log" in caught.value.metadata


@needs_proc
async def test_the_one_that_is_furthest_beyond_what_was_expected_is_killed(tmp_path: Path) -> None:
    async with workers(tmp_path, spare=False, memory=500) as made:
        large, _ = await begun(made, "large", {"do": "grow", "mib": 300}, expected=400)
        with pytest.raises(TickreelError) as caught:
            await made.run(Work("small", {"do": "grow", "mib": 200}, ignore, memory=10))
        assert caught.value.reason == "OUT_OF_MEMORY"
        assert not large.done()
        large.cancel()
        await asyncio.wait([large])


@needs_proc
async def test_what_a_worker_starts_counts_for_it_and_goes_with_it(tmp_path: Path) -> None:
    async with workers(tmp_path, spare=False, memory=400) as made:
        running, child = await begun(made, "a", {"do": "grow beside", "mib": 500})
        with pytest.raises(TickreelError) as caught:
            await running
    assert caught.value.reason == "OUT_OF_MEMORY"
    wait_until_gone([child])


async def test_what_a_worker_leaves_running_ends_with_its_job(tmp_path: Path) -> None:
    async with workers(tmp_path) as made:
        found = await made.run(Work("a", {"do": "leave a process"}, ignore))
        assert not is_alive(found["pid"])
        wait_until_gone([found["left"]])


async def test_a_worker_that_prints_without_end_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_process, "MOST_LOG_BYTES", 2**20)
    monkeypatch.setattr(module, "MEMORY_INTERVAL", 0.01)
    async with workers(tmp_path) as made:
        with pytest.raises(TickreelError, match="printed more than 1 MiB and was killed; print less") as caught:
            await made.run(Work("a", {"do": "print without end"}, ignore))
    assert (caught.value.reason, caught.value.metadata["limit_mib"]) == ("WORKER_DIED", "1")
