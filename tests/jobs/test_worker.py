"""Each way in which a worker can end has its error, and none affects the service or leaves an orphan process."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import psutil
import pytest

from terminal import is_alive, wait_until_gone
from tickreel.jobs import progress, worker
from tickreel.jobs.executor import is_lost
from tickreel.jobs.worker import Reporter
from tickreel.jobs.worker_process import WorkerProcess
from tickreel.processes.exit import LOG_TAIL_BYTES, Exit, log_tail
from tickreel.processes.process import LINE_LIMIT
from tickreel.processes.starter import Starter
from tickreel.rpc.errors import TickreelError
from tickreel.v1 import job_pb2

HERE = Path(__file__).parent
PATIENCE = 60

# A service that is killed while its worker works. It prints the pid of the worker.
SERVICE = """
import asyncio, sys
from pathlib import Path
from tickreel.jobs.worker_process import WorkerProcess

def tell(progress):
    print(progress.done, flush=True)

async def serve():
    log = Path(sys.argv[1])
    process = await WorkerProcess.fork("sample_worker", log, 3600)
    await process.work({"do": sys.argv[2]}, tell, 3600)

asyncio.run(serve())
"""


@pytest.fixture(autouse=True)
def on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the sample worker importable by its name."""
    monkeypatch.setenv("PYTHONPATH", str(HERE))


def ignore(_progress: job_pb2.Progress) -> None: ...


async def run_worker(
    module: str, spec: dict[str, Any], log: Path, on_progress: Callable[[job_pb2.Progress], None], patience: float = PATIENCE
) -> dict[str, Any]:
    started = await WorkerProcess.fork(module, log, PATIENCE) or await WorkerProcess.spawn(module, log)
    return await started.work(spec, on_progress, patience)


async def outcome(tmp_path: Path, do: str, **spec: Any) -> dict[str, Any]:
    async with asyncio.timeout(PATIENCE):
        return await run_worker("sample_worker", {"do": do, **spec}, tmp_path / "logs" / "a.log", ignore)


async def death(tmp_path: Path, do: str, **spec: Any) -> TickreelError:
    with pytest.raises(TickreelError) as caught:
        await outcome(tmp_path, do, **spec)
    return caught.value


async def test_a_result_is_returned(tmp_path: Path) -> None:
    result = {"text": "данные\nnext line", "list": [1, 2.5, None], "nested": {"": True}}
    assert await outcome(tmp_path, "return", result=result) == result


async def test_a_result_may_be_empty(tmp_path: Path) -> None:
    assert await outcome(tmp_path, "return", result={}) == {}


async def test_a_spec_and_a_result_may_be_large(tmp_path: Path) -> None:
    """Larger than the buffer of a pipe, and than asyncio's default line limit."""
    assert await outcome(tmp_path, "return much", bytes=8_000_000, padding="y" * 2_000_000) == {"text": "x" * 8_000_000}


async def test_the_error_of_a_worker_is_raised(tmp_path: Path) -> None:
    error = await death(tmp_path, "refuse")
    assert error.reason == "DATA_REFUSED"
    assert error.message == "no such rows\n  time_window: is empty"
    assert error.metadata == {"reason": "none", "rows": "3"}


async def test_an_unexpected_error_has_the_traceback(tmp_path: Path) -> None:
    error = await death(tmp_path, "stumble")
    assert error.reason == "INTERNAL"
    assert error.message == "ZeroDivisionError: integer division or modulo by zero"
    assert 'return {"never": 1 // 0}' in error.metadata["log"]
    assert 'return {"never": 1 // 0}' in (tmp_path / "logs" / "a.log").read_text()


async def test_a_result_that_is_not_json_is_an_error(tmp_path: Path) -> None:
    error = await death(tmp_path, "return no JSON")
    assert error.reason == "INTERNAL"
    assert "object is not JSON serializable" in error.message


async def test_an_abort_of_the_engine_is_reported_with_its_signal_and_log(tmp_path: Path) -> None:
    error = await death(tmp_path, "abort")
    assert error.reason == "ENGINE_ABORTED"
    assert error.metadata["signal"] == "SIGABRT"
    assert "the engine has seen a zero" in error.metadata["log"]
    assert error.message.startswith("the worker process was ended by SIGABRT (the engine gave up)")
    assert error.metadata["log"] in error.message


async def test_a_kill_from_outside_is_reported_as_lost_work(tmp_path: Path) -> None:
    error = await death(tmp_path, "kill")
    assert (error.reason, error.metadata["signal"]) == ("WORKER_DIED", "SIGKILL")
    assert is_lost(error)
    assert error.metadata["log"] == "(the log is empty)"


@pytest.mark.parametrize("reason", ["ENGINE_ABORTED", "WORKER_DIED"])
def test_signals_caused_by_the_work_are_not_lost_work(reason: str) -> None:
    signals = {"ENGINE_ABORTED": signal.SIGABRT, "WORKER_DIED": signal.SIGSEGV}
    found, message, metadata = Exit(-signals[reason]).failure("worker")
    assert found == reason
    assert not is_lost(TickreelError(found, message, **metadata))


def test_an_oom_kill_is_reported_as_out_of_memory() -> None:
    reason, message, _ = Exit(-signal.SIGKILL, memory_ran_out=True).failure("worker")
    assert reason == "OUT_OF_MEMORY"
    assert "memory ran out" in message


async def test_a_failed_allocation_is_reported_as_out_of_memory(tmp_path: Path) -> None:
    error = await death(tmp_path, "ask for too much")
    assert error.reason == "OUT_OF_MEMORY"
    assert "bytearray(1 << 62)" in error.metadata["log"]


async def test_any_other_signal_is_reported_as_worker_died(tmp_path: Path) -> None:
    error = await death(tmp_path, "fault")
    assert (error.reason, error.metadata["signal"]) == ("WORKER_DIED", "SIGSEGV")


async def test_a_worker_that_reports_nothing_for_long_is_killed_as_hung(tmp_path: Path) -> None:
    pids: list[int] = []
    with pytest.raises(TickreelError, match=r"reported nothing for 0\.5 s and was killed") as caught:
        await run_worker("sample_worker", {"do": "wait"}, tmp_path / "log", lambda told: pids.append(told.done), 0.5)
    # On a busy machine, the limit may pass before the first report.
    assert caught.value.reason == "WORKER_HUNG"
    assert caught.value.metadata["seconds"] == "0.5"
    assert caught.value.metadata["phase"] in ("LOADING", "UNSPECIFIED")
    assert not any(is_alive(pid) for pid in pids)


async def test_a_worker_is_not_hung_if_its_service_was_suspended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    go_on = tmp_path / "go on"

    async def stop_and_go_on() -> None:
        await told.wait()
        # The time jumps, as for a process that was suspended together with its worker.
        monkeypatch.setattr(loop, "time", lambda: time.monotonic() + 1_000)
        await asyncio.sleep(0.01)
        go_on.touch()

    stopping = asyncio.create_task(stop_and_go_on())
    spec = {"do": "wait for", "path": str(go_on)}
    result = await run_worker("sample_worker", spec, tmp_path / "log", lambda _: told.set(), PATIENCE)
    await stopping
    assert result == {"waited": True}


async def test_a_worker_that_reports_is_never_hung(tmp_path: Path) -> None:
    spec = {"do": "report for a while", "seconds": 3.0}
    assert (await run_worker("sample_worker", spec, tmp_path / "log", ignore, 2.0))["seconds"] == 3.0


@pytest.mark.parametrize(("do", "code"), [("exit", 7), ("exit", 0), ("raise SystemExit", 7)])
async def test_an_exit_without_a_result_is_reported_with_its_code(tmp_path: Path, do: str, code: int) -> None:
    error = await death(tmp_path, do, code=code)
    assert error.reason == "WORKER_DIED"
    assert error.metadata["exit_code"] == str(code)
    if do == "exit":
        assert "nothing works here" in error.message


async def test_a_death_during_a_report_is_reported_as_worker_died(tmp_path: Path) -> None:
    error = await death(tmp_path, "die while reporting")
    assert (error.reason, error.metadata["signal"]) == ("WORKER_DIED", "SIGKILL")


async def test_an_invalid_report_is_reported_as_worker_died(tmp_path: Path) -> None:
    error = await death(tmp_path, "report nonsense")
    assert error.reason == "WORKER_DIED"
    assert "wrote something other than a report to its pipe" in error.message


async def test_a_module_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(TickreelError, match="No module named no_such_worker") as caught:
        await run_worker("no_such_worker", {}, tmp_path / "log", ignore)
    assert caught.value.metadata["exit_code"] == "1"


async def test_printed_lines_go_to_the_log_and_are_not_reports(tmp_path: Path) -> None:
    assert set(await outcome(tmp_path, "make noise")) == {"pid"}
    log = (tmp_path / "logs" / "a.log").read_text()
    assert log.count('{"result"') == 20_000
    assert log.count("noise\n") == 20_000


def test_the_tail_of_a_log_has_its_last_lines(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"beginning\n" + b"\xff" * 10_000 + "\nlast wörds\n".encode())
    tail = log_tail(log)
    assert tail.endswith("\nlast wörds")
    assert len(tail.encode(errors="replace")) <= 3 * LOG_TAIL_BYTES
    assert "beginning" not in tail
    assert "cannot be read" in log_tail(tmp_path / "none")


async def test_every_phase_and_its_end_are_reported(tmp_path: Path) -> None:
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


class Reports:
    """The pipe to the service, as a list."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def report(self, values: dict[str, Any]) -> None:
        self.sent.append(values)


def test_progress_of_a_phase_is_reported_once_per_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    reports, now = Reports(), 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    monkeypatch.setattr(worker, "REPORT_INTERVAL", 1.0)
    reporter = Reporter(cast(Starter, reports))
    for step in range(100):
        now = step / 4
        reporter.progress(job_pb2.JOB_PHASE_REPLAYING, step, 10**12, "rows")
    told = [progress.from_json(report["progress"]) for report in reports.sent]
    assert [progress.done for progress in told] == list(range(0, 100, 4))
    assert told[-1].rate > 0
    assert told[-1].HasField("eta")


@pytest.mark.parametrize("do", ["wait", "wait deaf"])
async def test_cancelling_waits_until_the_process_is_killed(tmp_path: Path, do: str) -> None:
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
    # Transports are closed in the next steps of the loop.
    async with asyncio.timeout(PATIENCE):
        while this.num_fds() > descriptors or set(this.children()) - children:  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.01)


async def test_an_exception_of_a_progress_callback_ends_the_worker(tmp_path: Path) -> None:
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


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills a suspended process with its parent")
def test_a_suspended_worker_dies_with_its_service(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", SERVICE, str(tmp_path / "log"), "wait"], stdout=subprocess.PIPE) as service:
        assert service.stdout is not None
        pid = int(service.stdout.readline())
        os.kill(pid, signal.SIGSTOP)
        service.send_signal(signal.SIGKILL)
    wait_until_gone([pid])


async def test_an_unwritable_log_is_named(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("in the way")
    error = await death(tmp_path, "return", result={})
    assert error.reason == "STORE_NOT_WRITABLE"
    assert f"the log a.log cannot be written in {tmp_path}/logs" in error.message


async def test_a_ctrl_c_in_the_terminal_does_not_reach_a_worker(tmp_path: Path) -> None:
    """A Ctrl-C reaches the process group of the terminal, but only the service decides about its jobs."""
    pid = asyncio.get_running_loop().create_future()
    running = asyncio.create_task(
        run_worker("sample_worker", {"do": "wait"}, tmp_path / "log", lambda progress: pid.set_result(progress.done))
    )
    assert os.getpgid(await asyncio.wait_for(pid, PATIENCE)) != os.getpgid(0)
    running.cancel()
    await asyncio.wait([running])


async def test_workers_run_in_parallel(tmp_path: Path) -> None:
    results = await asyncio.gather(
        *(run_worker("sample_worker", {"do": "return", "result": {"n": n}}, tmp_path / f"{n}.log", ignore) for n in range(3))
    )
    assert results == [{"n": 0}, {"n": 1}, {"n": 2}]


def test_the_line_limit_suffices_for_a_year_of_files() -> None:
    assert LINE_LIMIT >= 32 * 1024 * 1024


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
async def test_a_worker_whose_log_is_on_a_full_disk_fails_with_its_own_reason(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "a.log").symlink_to("/dev/full")
    error = await death(tmp_path, "stumble")
    assert (error.reason, error.message) == ("INTERNAL", "ZeroDivisionError: integer division or modulo by zero")
    error = await death(tmp_path, "refuse")
    assert error.reason == "DATA_REFUSED"
