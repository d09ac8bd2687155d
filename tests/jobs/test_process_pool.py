"""Each job has a process of its own, forked from a template, and the memory limit of all jobs together is enforced."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from child_processes import children_running, templates_of
from terminal import is_alive, wait_until_gone
from tickreel.jobs import process_pool as module
from tickreel.jobs import worker_process
from tickreel.jobs.executor import Resources, Work, is_lost
from tickreel.jobs.process_pool import ProcessPool
from tickreel.processes.memory import process_memory
from tickreel.rpc.errors import TickreelError
from tickreel.v1 import job_pb2

PATIENCE = 60
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has templates")
needs_proc = pytest.mark.skipif(not process_memory(os.getpid()), reason="memory of processes is read from /proc")


@pytest.fixture(autouse=True)
def on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the sample worker importable by its name."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))


@asynccontextmanager
async def pool(
    folder: Path, *, template: bool = True, memory: int | None = None, name: str = "sample_worker"
) -> AsyncIterator[ProcessPool]:
    made = ProcessPool(name, folder / "logs", hang_seconds=PATIENCE, template=template, resources=Resources(memory=memory))
    try:
        async with asyncio.timeout(PATIENCE):
            yield made
    finally:
        await made.close()


def ignore(_progress: job_pb2.Progress) -> None: ...


def worker_pids() -> list[int]:
    return children_running("sample_worker")


async def parent_of_job(made: ProcessPool, **fields: Any) -> int:
    """Run a job and return the id of the parent of its process."""
    parent: int = (await made.run(Work("a", {"do": "return pid"}, ignore, **fields)))["parent"]
    return parent


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


async def test_each_job_has_its_own_process_and_log(tmp_path: Path) -> None:
    async with pool(tmp_path) as made:
        waiting, pid = await begun(made, "c", {"do": "wait"})
        pids = [(await made.run(Work(job_id, {"do": "make noise"}, ignore)))["pid"] for job_id in ("a", "b", "a")]
        assert worker_pids() == [pid]
        waiting.cancel()
        await asyncio.wait([waiting])
    assert len({pid, *pids}) == 4
    assert [log.read_text().count("noise\n") for log in (made.log_path("a"), made.log_path("b"))] == [20_000, 20_000]
    assert worker_pids() == []


@on_linux
async def test_pools_of_a_module_share_a_template(tmp_path: Path) -> None:
    async with pool(tmp_path) as made, pool(tmp_path) as other:
        made.warm_up()
        (template,) = templates_of("sample_worker")
        assert {await parent_of_job(made), await parent_of_job(other)} == {template}


async def test_a_job_starts_an_interpreter_if_it_needs_one_or_the_pool_has_no_template(tmp_path: Path) -> None:
    async with pool(tmp_path, template=False) as made:
        made.warm_up()
        assert await parent_of_job(made) == os.getpid()
    async with pool(tmp_path) as made:
        assert await parent_of_job(made, needs_interpreter=True) == os.getpid()


@on_linux
async def test_a_template_is_replaced_with_the_variables_of_the_interpreter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with pool(tmp_path) as made:
        former = await parent_of_job(made)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
        assert os.getpid() != await parent_of_job(made) != former
        wait_until_gone([former])


@on_linux
async def test_a_job_runs_the_code_that_is_installed_when_it_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = Path(__file__).parent / "sample_worker.py"
    changing = tmp_path / "changing_worker.py"
    text = site.read_text()
    changing.write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    async with pool(tmp_path, name="changing_worker") as made:
        (former,) = {await parent_of_job(made) for _ in range(2)}
        waiting, _ = await begun(made, "b", {"do": "wait for", "path": str(tmp_path / "go")})
        changing.write_text(text.replace('"pid": os.getpid()', '"pid": -1'))
        assert (await made.run(Work("a", {"do": "return pid"}, ignore)))["pid"] == -1
        assert (await made.run(Work("a", {"do": "return pid"}, ignore)))["pid"] == -1
        (template,) = {*templates_of("changing_worker")} - {former}
        # The job of the former code continues.
        (tmp_path / "go").touch()
        assert await waiting == {"waited": True}
        wait_until_gone([former])
        assert await parent_of_job(made) == template


@on_linux
async def test_a_job_is_lost_with_its_template_and_the_next_one_gets_another(tmp_path: Path) -> None:
    async with pool(tmp_path) as made:
        running, pid = await begun(made, "a", {"do": "wait"})
        (template,) = templates_of("sample_worker")
        os.kill(template, signal.SIGKILL)
        with pytest.raises(TickreelError) as caught:
            await running
        assert is_lost(caught.value)
        wait_until_gone([pid])
        assert await parent_of_job(made) != template
        assert await parent_of_job(made) in templates_of("sample_worker")


async def test_random_numbers_of_two_jobs_differ(tmp_path: Path) -> None:
    async with pool(tmp_path) as made:
        drawn = [await made.run(Work("a", {"do": "draw"}, ignore)) for _ in range(2)]
    assert not set(drawn[0].values()) & set(drawn[1].values())


@needs_proc
async def test_each_job_gets_its_own_peak_memory(tmp_path: Path) -> None:
    async with pool(tmp_path) as made:
        large = await made.run(Work("a", {"do": "hoard", "mib": 200}, ignore))
        small = await made.run(Work("b", {"do": "hoard", "mib": 1}, ignore))
    assert large["peak"] - small["peak"] > 150


async def test_a_module_that_does_not_exist_fails_the_job_with_its_name(tmp_path: Path) -> None:
    async with pool(tmp_path, name="no_such_worker") as made:
        with pytest.raises(TickreelError, match="No module named no_such_worker"):
            await made.run(Work("a", {}, ignore))


async def test_a_log_folder_that_cannot_be_written_fails_the_job_and_not_the_service(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("in the way")
    async with pool(tmp_path) as made:
        with pytest.raises(TickreelError) as caught:
            await made.run(Work("a", {"do": "return", "result": {}}, ignore))
        assert caught.value.reason == "STORE_NOT_WRITABLE"
        (tmp_path / "logs").unlink()
        assert await made.run(Work("a", {"do": "return", "result": {}}, ignore)) == {}


@needs_proc
async def test_a_worker_that_uses_too_much_memory_is_killed_and_the_others_continue(tmp_path: Path) -> None:
    async with pool(tmp_path, template=False, memory=400) as made:
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
    async with pool(tmp_path, template=False, memory=500) as made:
        large, _ = await begun(made, "large", {"do": "grow", "mib": 300}, expected=400)
        with pytest.raises(TickreelError) as caught:
            await made.run(Work("small", {"do": "grow", "mib": 200}, ignore, memory=10))
        assert caught.value.reason == "OUT_OF_MEMORY"
        assert not large.done()
        large.cancel()
        await asyncio.wait([large])


@needs_proc
async def test_the_memory_of_child_processes_counts_and_they_are_killed_with_the_worker(tmp_path: Path) -> None:
    async with pool(tmp_path, template=False, memory=400) as made:
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
