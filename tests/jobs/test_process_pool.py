"""Processes are reused while they hold little memory, and the memory limit of all jobs together is enforced."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from child_processes import children_running
from terminal import is_alive, wait_until_gone
from tickreel.jobs import process_pool as module
from tickreel.jobs import worker_process
from tickreel.jobs.executor import Resources, Work
from tickreel.jobs.process_pool import ProcessPool
from tickreel.processes.memory import process_memory
from tickreel.rpc.errors import TickreelError
from tickreel.v1 import job_pb2

PATIENCE = 60
needs_proc = pytest.mark.skipif(not process_memory(os.getpid()), reason="memory of processes is read from /proc")


@pytest.fixture(autouse=True)
def on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the sample worker importable by its name."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))


@asynccontextmanager
async def pool(
    folder: Path, *, spare: bool = True, memory: int | None = None, name: str = "sample_worker"
) -> AsyncIterator[ProcessPool]:
    made = ProcessPool(name, folder / "logs", hang_seconds=PATIENCE, spare=spare, resources=Resources(memory=memory))
    try:
        async with asyncio.timeout(PATIENCE):
            yield made
    finally:
        await made.close()


def ignore(_progress: job_pb2.Progress) -> None: ...


def worker_pids() -> list[int]:
    return children_running("sample_worker")


async def spare_pid() -> int:
    """Wait for the spare process and return its id."""
    while not (pids := worker_pids()):  # noqa: ASYNC110 - there is no event to wait for
        await asyncio.sleep(0.01)
    (pid,) = pids
    return pid


async def begun(
    made: ProcessPool, job_id: str, spec: dict[str, Any], expected: int = 0
) -> tuple[asyncio.Task[dict[str, Any]], int]:
    """Start a job, and return it with the process id that it reports as its progress."""
    told: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def tell(progress: job_pb2.Progress) -> None:
        if not told.done():
            told.set_result(progress.done)

    task = asyncio.create_task(made.run(Work(job_id, spec, tell, expected)))
    return task, await told


async def test_a_process_is_reused_after_a_success_and_each_job_has_its_own_log(tmp_path: Path) -> None:
    async with pool(tmp_path) as made:
        made.warm_up()
        first = await spare_pid()
        for job_id in ("a", "b", "a"):
            assert await made.run(Work(job_id, {"do": "make noise"}, ignore)) == {"pid": first}
        # A job that starts while another one runs gets another process.
        waiting, pid = await begun(made, "c", {"do": "wait"})
        assert await made.run(Work("d", {"do": "return pid"}, ignore)) != {"pid": first}
        assert pid == first
        waiting.cancel()
        await asyncio.wait([waiting])
    assert [log.read_text().count("noise\n") for log in (made.log_path("a"), made.log_path("b"))] == [20_000, 20_000]
    assert worker_pids() == []


@needs_proc
@pytest.mark.parametrize(
    ("spec", "last"),
    [
        ({"do": "return pid"}, True),
        ({"do": "hoard", "mib": 500, "keep": True}, False),
        ({"do": "start a process"}, False),
    ],
)
async def test_a_process_with_much_memory_children_or_tainted_state_is_not_reused(
    tmp_path: Path, spec: dict[str, Any], last: bool
) -> None:
    async with pool(tmp_path) as made:
        pid = (await made.run(Work("a", spec, ignore, taints=last)))["pid"]
        assert not is_alive(pid)
        assert (await made.run(Work("b", {"do": "return pid"}, ignore)))["pid"] != pid


async def test_a_process_whose_job_failed_is_not_reused(tmp_path: Path) -> None:
    async with pool(tmp_path) as made:
        made.warm_up()
        pid = await spare_pid()
        with pytest.raises(TickreelError, match="no such rows"):
            await made.run(Work("a", {"do": "refuse"}, ignore))
        assert not is_alive(pid)
        assert (await made.run(Work("b", {"do": "return pid"}, ignore)))["pid"] != pid


@needs_proc
async def test_each_job_gets_its_own_peak_memory(tmp_path: Path) -> None:
    async with pool(tmp_path) as made:
        large = await made.run(Work("a", {"do": "hoard", "mib": 200, "keep": False}, ignore))
        small = await made.run(Work("b", {"do": "hoard", "mib": 1, "keep": False}, ignore))
    assert large["pid"] == small["pid"]
    assert large["peak"] - small["peak"] > 150


async def test_all_but_one_of_the_idle_processes_end_after_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SURPLUS_SECONDS", 0.05)
    async with pool(tmp_path) as made:
        jobs = [await begun(made, str(number), {"do": "report for a while", "seconds": 0.5}) for number in range(4)]
        await asyncio.gather(*(task for task, _ in jobs))
        while len(worker_pids()) > 1:  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.01)
        assert (await made.run(Work("a", {"do": "return", "result": {}}, ignore))) == {}


async def test_without_a_spare_each_job_starts_its_own_process(tmp_path: Path) -> None:
    async with pool(tmp_path, spare=False) as made:
        made.warm_up()
        pids = [(await made.run(Work(job_id, {"do": "return pid"}, ignore)))["pid"] for job_id in "ab"]
        assert worker_pids() == []
    assert pids[0] != pids[1]
    assert sorted(log.name for log in (tmp_path / "logs").iterdir()) == ["a.log", "b.log"]


async def test_at_most_one_spare_is_started(tmp_path: Path) -> None:
    async with pool(tmp_path) as made:
        made.warm_up()
        made.warm_up()
        spare = await spare_pid()
        for job_id in ("first", "second"):
            assert await made.run(Work(job_id, {"do": "return pid"}, ignore)) == {"pid": spare}
            made.warm_up()
        assert worker_pids() == [spare]
        results = await asyncio.gather(
            *(made.run(Work(str(n), {"do": "return", "result": {"n": n}}, ignore)) for n in range(4))
        )
        assert results == [{"n": n} for n in range(4)]
    assert {"0.log", "1.log", "2.log", "3.log"} <= {log.name for log in (tmp_path / "logs").iterdir()}


async def test_a_spare_that_died_is_replaced(tmp_path: Path) -> None:
    async with pool(tmp_path) as made:
        made.warm_up()
        pid = await spare_pid()
        os.kill(pid, signal.SIGKILL)
        while psutil.pid_exists(pid):  # noqa: ASYNC110 - asyncio reaps it and tells nobody
            await asyncio.sleep(0.01)
        assert (await made.run(Work("a", {"do": "make noise"}, ignore)))["pid"] != pid


async def test_the_output_of_a_spare_before_its_first_job_is_in_the_log_of_the_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAMPLE_WORKER_GREETING", "imported everything")
    async with pool(tmp_path) as made:
        made.warm_up()
        spare = await spare_pid()
        assert await made.run(Work("a", {"do": "return pid"}, ignore)) == {"pid": spare}
    assert "imported everything" in made.log_path("a").read_text()


async def test_a_module_that_does_not_exist_fails_the_job_with_its_name(tmp_path: Path) -> None:
    async with pool(tmp_path, name="no_such_worker") as made:
        with pytest.raises(TickreelError, match="No module named no_such_worker"):
            await made.run(Work("a", {}, ignore))


async def test_a_log_folder_that_cannot_be_written_fails_the_job_and_not_the_service(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "logs").write_text("in the way")
    async with pool(tmp_path) as made:
        made.warm_up()
        with pytest.raises(TickreelError) as caught:
            await made.run(Work("a", {"do": "return", "result": {}}, ignore))
        assert caught.value.reason == "STORE_NOT_WRITABLE"
        (tmp_path / "logs").unlink()
        assert await made.run(Work("a", {"do": "return", "result": {}}, ignore)) == {}
    assert "no spare worker process could be started" in caplog.text


@needs_proc
async def test_a_worker_that_uses_too_much_memory_is_killed_and_the_others_continue(tmp_path: Path) -> None:
    async with pool(tmp_path, spare=False, memory=400) as made:
        small, _ = await begun(made, "small", {"do": "wait"})
        with pytest.raises(
            TickreelError, match=r"used \d+ MiB of memory \(all worker processes together: \d+ MiB\) .* limit for all is 400"
        ) as caught:
            await made.run(Work("large", {"do": "grow", "mib": 500}, ignore))
        assert not small.done()
        small.cancel()
        await asyncio.wait([small])
    assert caught.value.reason == "OUT_OF_MEMORY"
    # It may be killed while its memory still grows.
    assert 300 < int(caught.value.metadata["memory_mib"]) < 700
    assert caught.value.metadata["limit_mib"] == "400"
    assert "log" in caught.value.metadata


@needs_proc
async def test_the_worker_that_exceeds_its_expected_memory_most_is_killed(tmp_path: Path) -> None:
    async with pool(tmp_path, spare=False, memory=500) as made:
        large, _ = await begun(made, "large", {"do": "grow", "mib": 300}, expected=400)
        with pytest.raises(TickreelError) as caught:
            await made.run(Work("small", {"do": "grow", "mib": 200}, ignore, memory=10))
        assert caught.value.reason == "OUT_OF_MEMORY"
        assert not large.done()
        large.cancel()
        await asyncio.wait([large])


@needs_proc
async def test_the_memory_of_child_processes_counts_and_they_are_killed_with_the_worker(tmp_path: Path) -> None:
    async with pool(tmp_path, spare=False, memory=400) as made:
        running, child = await begun(made, "a", {"do": "grow beside", "mib": 500})
        with pytest.raises(TickreelError) as caught:
            await running
    assert caught.value.reason == "OUT_OF_MEMORY"
    wait_until_gone([child])


async def test_an_orphan_process_of_a_worker_is_killed_when_its_job_ends(tmp_path: Path) -> None:
    async with pool(tmp_path) as made:
        found = await made.run(Work("a", {"do": "leave a process"}, ignore))
        assert not is_alive(found["pid"])
        wait_until_gone([found["left"]])


async def test_a_worker_that_prints_endlessly_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_process, "MOST_LOG_BYTES", 2**20)
    monkeypatch.setattr(module, "MEMORY_INTERVAL", 0.01)
    async with pool(tmp_path) as made:
        with pytest.raises(TickreelError, match="printed more than 1 MiB and was killed; print less") as caught:
            await made.run(Work("a", {"do": "print without end"}, ignore))
    assert (caught.value.reason, caught.value.metadata["limit_mib"]) == ("WORKER_DIED", "1")
