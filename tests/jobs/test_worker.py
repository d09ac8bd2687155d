"""A worker ends in one of few ways, and none of them takes the service along or leaves a process behind."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from terminal import is_alive, wait_until_gone
from tickreel.jobs.executor import is_lost
from tickreel.jobs.worker_process import WorkerProcess
from tickreel.processes.exit import LOG_TAIL_BYTES, Exit, log_tail
from tickreel.processes.process import LINE_LIMIT
from tickreel.rpc.errors import TickreelError
from tickreel.v1 import job_pb2

HERE = Path(__file__).parent
PATIENCE = 60

# A service that is killed while its worker works: prints the worker's pid.
SERVICE = """
import asyncio, sys
from pathlib import Path
from tickreel.jobs.worker_process import WorkerProcess

def tell(progress):
    print(progress.done, flush=True)

async def serve():
    log = Path(sys.argv[1])
    process = await WorkerProcess.spawn("sample_worker", log)
    await process.work({"do": sys.argv[2]}, log, tell, 3600)

asyncio.run(serve())
"""


@pytest.fixture(autouse=True)
def on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """The workers of these tests can be started by name."""
    monkeypatch.setenv("PYTHONPATH", str(HERE))


def ignore(_progress: job_pb2.Progress) -> None: ...


async def run_worker(
    module: str, spec: dict[str, Any], log: Path, on_progress: Callable[[job_pb2.Progress], None], patience: float = PATIENCE
) -> dict[str, Any]:
    started = await WorkerProcess.spawn(module, log)
    return await started.work(spec, log, on_progress, patience)


async def outcome(tmp_path: Path, do: str, **spec: Any) -> dict[str, Any]:
    async with asyncio.timeout(PATIENCE):
        return await run_worker("sample_worker", {"do": do, **spec}, tmp_path / "logs" / "a.log", ignore)


async def death(tmp_path: Path, do: str, **spec: Any) -> TickreelError:
    with pytest.raises(TickreelError) as caught:
        await outcome(tmp_path, do, **spec)
    return caught.value


async def test_a_result_comes_back(tmp_path: Path) -> None:
    result = {"text": "данные\nnext line", "list": [1, 2.5, None], "nested": {"": True}}
    assert await outcome(tmp_path, "return", result=result) == result


async def test_a_result_may_be_empty(tmp_path: Path) -> None:
    assert await outcome(tmp_path, "return", result={}) == {}


async def test_a_spec_and_a_result_may_be_huge(tmp_path: Path) -> None:
    """Far beyond what a pipe holds, and beyond the line limit that asyncio has by default."""
    assert await outcome(tmp_path, "return much", bytes=8_000_000, padding="y" * 2_000_000) == {"text": "x" * 8_000_000}


async def test_what_the_worker_raises_is_raised_here(tmp_path: Path) -> None:
    error = await death(tmp_path, "refuse")
    assert error.reason == "DATA_REFUSED"
    assert error.message == "no such rows\n  time_window: is empty"
    assert error.metadata == {"reason": "none", "rows": "3"}


async def test_an_unforeseen_error_comes_with_the_traceback(tmp_path: Path) -> None:
    error = await death(tmp_path, "stumble")
    assert error.reason == "INTERNAL"
    assert error.message == "ZeroDivisionError: integer division or modulo by zero"
    assert 'return {"never": 1 // 0}' in error.metadata["log"]
    assert 'return {"never": 1 // 0}' in (tmp_path / "logs" / "a.log").read_text()


async def test_a_result_that_cannot_be_told_is_an_error(tmp_path: Path) -> None:
    error = await death(tmp_path, "return what is no JSON")
    assert error.reason == "INTERNAL"
    assert "object is not JSON serializable" in error.message


async def test_an_abort_of_the_engine_is_a_death_with_its_signal_and_its_log(tmp_path: Path) -> None:
    error = await death(tmp_path, "abort")
    assert error.reason == "ENGINE_ABORTED"
    assert error.metadata["signal"] == "SIGABRT"
    assert "the engine has seen a zero" in error.metadata["log"]
    assert error.message.startswith("the worker process was ended by SIGABRT (the engine gave up)")
    assert error.metadata["log"] in error.message


async def test_a_kill_of_somebody_else_is_a_death_by_its_signal(tmp_path: Path) -> None:
    error = await death(tmp_path, "kill")
    assert (error.reason, error.metadata["signal"]) == ("WORKER_DIED", "SIGKILL")
    assert is_lost(error)
    assert error.metadata["log"] == "(the log is empty)"


@pytest.mark.parametrize("reason", ["ENGINE_ABORTED", "WORKER_DIED"])
def test_a_death_of_the_work_itself_is_not_one_from_outside(reason: str) -> None:
    signals = {"ENGINE_ABORTED": signal.SIGABRT, "WORKER_DIED": signal.SIGSEGV}
    found, message, metadata = Exit(-signals[reason]).failure("worker")
    assert found == reason
    assert not is_lost(TickreelError(found, message, **metadata))


def test_a_kill_of_the_kernel_for_want_of_memory_is_told_as_that() -> None:
    reason, message, _ = Exit(-signal.SIGKILL, memory_ran_out=True).failure("worker")
    assert reason == "OUT_OF_MEMORY"
    assert "memory ran out" in message


async def test_memory_that_cannot_be_had_is_told_as_that(tmp_path: Path) -> None:
    error = await death(tmp_path, "ask for too much")
    assert error.reason == "OUT_OF_MEMORY"
    assert "bytearray(1 << 62)" in error.metadata["log"]


async def test_any_other_signal_is_a_death(tmp_path: Path) -> None:
    error = await death(tmp_path, "fault")
    assert (error.reason, error.metadata["signal"]) == ("WORKER_DIED", "SIGSEGV")


async def test_a_worker_that_reports_nothing_for_long_is_hung_and_killed(tmp_path: Path) -> None:
    pids: list[int] = []
    with pytest.raises(TickreelError, match=r"reported nothing for 0\.5 s and was killed") as caught:
        await run_worker("sample_worker", {"do": "wait"}, tmp_path / "log", lambda told: pids.append(told.done), 0.5)
    # Either before its first report, on a busy machine, or after it.
    assert caught.value.reason == "WORKER_HUNG"
    assert caught.value.metadata["seconds"] == "0.5"
    assert caught.value.metadata["phase"] in ("LOADING", "UNSPECIFIED")
    assert not any(is_alive(pid) for pid in pids)


async def test_a_worker_is_not_hung_because_its_service_was_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    go_on = tmp_path / "go on"

    async def stop_and_go_on() -> None:
        await told.wait()
        # As for a process that is stopped for that long, and its worker with it.
        monkeypatch.setattr(loop, "time", lambda: time.monotonic() + 1_000)
        await asyncio.sleep(0.01)
        go_on.touch()

    stopping = asyncio.create_task(stop_and_go_on())
    spec = {"do": "wait for", "path": str(go_on)}
    result = await run_worker("sample_worker", spec, tmp_path / "log", lambda _: told.set(), PATIENCE)
    await stopping
    assert result == {"waited": True}


async def test_a_worker_that_reports_is_not_hung_however_long_it_works(tmp_path: Path) -> None:
    spec = {"do": "report for a while", "seconds": 3.0}
    assert (await run_worker("sample_worker", spec, tmp_path / "log", ignore, 2.0))["seconds"] == 3.0


@pytest.mark.parametrize(("do", "code"), [("exit", 7), ("exit", 0), ("raise SystemExit", 7)])
async def test_an_exit_without_a_word_is_a_death_with_its_code(tmp_path: Path, do: str, code: int) -> None:
    error = await death(tmp_path, do, code=code)
    assert error.reason == "WORKER_DIED"
    assert error.metadata["exit_code"] == str(code)
    if do == "exit":
        assert "nothing works here" in error.message


async def test_a_death_amid_a_report_is_a_death(tmp_path: Path) -> None:
    error = await death(tmp_path, "die while reporting")
    assert (error.reason, error.metadata["signal"]) == ("WORKER_DIED", "SIGKILL")


async def test_a_report_that_is_none_is_a_death(tmp_path: Path) -> None:
    error = await death(tmp_path, "report what is no report")
    assert error.reason == "WORKER_DIED"
    assert "wrote something other than a report to its pipe" in error.message


async def test_a_module_that_does_not_exist_is_a_death_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(TickreelError, match="No module named no_such_worker") as caught:
        await run_worker("no_such_worker", {}, tmp_path / "log", ignore)
    assert caught.value.metadata["exit_code"] == "1"


async def test_noise_goes_to_the_log_and_is_no_report(tmp_path: Path) -> None:
    assert set(await outcome(tmp_path, "make noise")) == {"pid"}
    log = (tmp_path / "logs" / "a.log").read_text()
    assert log.count('{"result"') == 20_000
    assert log.count("noise\n") == 20_000


def test_the_tail_of_a_log_is_its_end(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"beginning\n" + b"\xff" * 10_000 + "\nlast wörds\n".encode())
    tail = log_tail(log)
    assert tail.endswith("\nlast wörds")
    assert len(tail.encode(errors="replace")) <= 3 * LOG_TAIL_BYTES
    assert "beginning" not in tail
    assert "cannot be read" in log_tail(tmp_path / "none")


async def test_every_phase_is_told_and_so_is_its_end(tmp_path: Path) -> None:
    told: list[job_pb2.Progress] = []
    await run_worker("sample_worker", {"do": "report fast"}, tmp_path / "log", told.append)
    loading = [progress for progress in told if progress.phase == job_pb2.JOB_PHASE_LOADING]
    assert (loading[0].done, loading[-1].done) == (1, 5_000)
    assert [progress.done for progress in loading] == sorted({progress.done for progress in loading})
    (replaying,) = [progress for progress in told if progress.phase == job_pb2.JOB_PHASE_REPLAYING]
    assert (replaying.done, replaying.total, replaying.unit) == (0, 3, "rows")
    assert replaying.ts_event.ToNanoseconds() == 1_582_329_600_000_000_001
    assert told[-1].phase == job_pb2.JOB_PHASE_WRITING
    assert all(progress.HasField("updated_at") for progress in told)


async def test_a_phase_is_told_at_most_ten_times_a_second(tmp_path: Path) -> None:
    told: list[job_pb2.Progress] = []
    result = await run_worker("sample_worker", {"do": "report for a while", "seconds": 1.0}, tmp_path / "log", told.append)
    assert 2 <= len(told) <= 11 < result["calls"]
    assert told[-1].rate > 0
    assert told[-1].HasField("eta")


@pytest.mark.parametrize("do", ["wait", "wait deaf"])
async def test_cancelling_kills_the_process_before_it_returns(tmp_path: Path, do: str) -> None:
    pid = asyncio.get_running_loop().create_future()
    running = asyncio.create_task(
        run_worker("sample_worker", {"do": do}, tmp_path / "log", lambda progress: pid.set_result(progress.done))
    )
    number = await asyncio.wait_for(pid, PATIENCE)
    assert is_alive(number)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not is_alive(number)


async def test_cancelling_at_any_step_leaves_no_process_and_no_descriptor(tmp_path: Path) -> None:
    this = psutil.Process()
    descriptors, children = this.num_fds(), set(this.children())
    for steps in range(12):
        running = asyncio.create_task(run_worker("sample_worker", {"do": "wait"}, tmp_path / "log", ignore))
        for _ in range(steps):
            await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    # Transports close in the next steps of the loop.
    async with asyncio.timeout(PATIENCE):
        while this.num_fds() > descriptors or set(this.children()) - children:  # noqa: ASYNC110 - no event says so
            await asyncio.sleep(0.01)


async def test_a_listener_that_stumbles_ends_the_worker(tmp_path: Path) -> None:
    pids: list[int] = []

    def stumble(progress: job_pb2.Progress) -> None:
        pids.append(progress.done)
        raise KeyError("progress")

    with pytest.raises(KeyError):
        await run_worker("sample_worker", {"do": "wait"}, tmp_path / "log", stumble)
    assert not is_alive(pids[0])


@pytest.mark.parametrize("do", ["wait", "wait deaf"])
def test_a_worker_dies_with_its_service(tmp_path: Path, do: str) -> None:
    with subprocess.Popen([sys.executable, "-c", SERVICE, str(tmp_path / "log"), do], stdout=subprocess.PIPE) as service:
        assert service.stdout is not None
        pid = int(service.stdout.readline())
        assert is_alive(pid)
        service.send_signal(signal.SIGKILL)
    wait_until_gone([pid])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with its parent, whatever it is at")
def test_a_worker_that_is_stopped_dies_with_its_service_all_the_same(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", SERVICE, str(tmp_path / "log"), "wait"], stdout=subprocess.PIPE) as service:
        assert service.stdout is not None
        pid = int(service.stdout.readline())
        os.kill(pid, signal.SIGSTOP)
        service.send_signal(signal.SIGKILL)
    wait_until_gone([pid])


async def test_a_log_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("in the way")
    error = await death(tmp_path, "return", result={})
    assert error.reason == "STORE_NOT_WRITABLE"
    assert f"the log a.log cannot be written in {tmp_path}/logs" in error.message


async def test_a_worker_is_out_of_reach_of_the_terminal(tmp_path: Path) -> None:
    """A Ctrl-C reaches the processes of the terminal's group; what becomes of the job is for the service to say."""
    pid = asyncio.get_running_loop().create_future()
    running = asyncio.create_task(
        run_worker("sample_worker", {"do": "wait"}, tmp_path / "log", lambda progress: pid.set_result(progress.done))
    )
    assert os.getpgid(await asyncio.wait_for(pid, PATIENCE)) != os.getpgid(0)
    running.cancel()
    await asyncio.wait([running])


async def test_workers_run_side_by_side(tmp_path: Path) -> None:
    results = await asyncio.gather(
        *(run_worker("sample_worker", {"do": "return", "result": {"n": n}}, tmp_path / f"{n}.log", ignore) for n in range(3))
    )
    assert results == [{"n": 0}, {"n": 1}, {"n": 2}]


def test_the_line_limit_leaves_room_for_a_year_of_files() -> None:
    assert LINE_LIMIT >= 32 * 1024 * 1024


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
async def test_a_worker_whose_log_is_on_a_full_disk_fails_with_its_own_reason(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "a.log").symlink_to("/dev/full")
    error = await death(tmp_path, "stumble")
    assert (error.reason, error.message) == ("INTERNAL", "ZeroDivisionError: integer division or modulo by zero")
    error = await death(tmp_path, "refuse")
    assert error.reason == "DATA_REFUSED"
