"""A job's own process: spawned, reporting as it goes, dead when its service is.

The engine can abort its process and a file can exhaust memory; in a process of its own that ends one job with a reason, not the
service with all jobs. What passes between the two is JSON lines: the spec on the worker's standard input (which then stays
open: its end means that the service died), reports on a pipe. Standard output and error go to the job's log.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from tickreel.jobs import progress
from tickreel.jobs.progress import ProgressMeter
from tickreel.rpc.errors import TickreelError
from tickreel.v1 import job_pb2

LOG_TAIL_BYTES = 3000
REPORT_INTERVAL = 0.1
# A report holds at most the findings and files of a job; asyncio's default line limit of 64 KiB is too near.
LINE_LIMIT = 64 * 1024 * 1024


async def run_worker(
    module: str, spec: dict[str, Any], log: Path, on_progress: Callable[[job_pb2.Progress], None]
) -> dict[str, Any]:
    """Runs `python -m module` on a spec and returns what it made.

    Cancelling this kills the process before it returns.

    Args:
        module: A module whose main calls `serve_worker`.
        spec: JSON values.
        log: The file for the process's standard output and error.

    Raises:
        TickreelError: The one that the worker raised, or WORKER_DIED with the signal and the tail of the log.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as reports:
        try:
            with log.open("wb") as output:
                process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", module, str(writing)),
                    stdin=asyncio.subprocess.PIPE,
                    stdout=output,
                    stderr=output,
                    pass_fds=(writing,),
                    # A Ctrl-C in the terminal is the service's to handle.
                    start_new_session=True,
                )
        finally:
            os.close(writing)
        try:
            outcome = await _converse(process, spec, reports, on_progress)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
            if process.stdin is not None:
                process.stdin.close()
    if "result" in outcome:
        return outcome["result"]
    if "failure" in outcome:
        failure = outcome["failure"]
        raise TickreelError(failure["reason"], failure["message"], **failure["metadata"])
    raise _death(process.returncode, log)


async def _converse(
    process: asyncio.subprocess.Process,
    spec: dict[str, Any],
    reports: BinaryIO,
    on_progress: Callable[[job_pb2.Progress], None],
) -> dict[str, Any]:
    """Gives a worker its spec and hears it to its end; returns its last report, empty where it made none but progress."""
    reader = asyncio.StreamReader(limit=LINE_LIMIT)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), reports)
    outcome: dict[str, Any] = {}
    try:
        assert process.stdin is not None
        with contextlib.suppress(ConnectionError):
            process.stdin.write(json.dumps(spec).encode() + b"\n")
            await process.stdin.drain()
        # A line without an end is that of a worker that died while it wrote.
        while (line := await reader.readline()).endswith(b"\n"):
            report = json.loads(line)
            if "progress" in report:
                on_progress(progress.from_json(report["progress"]))
            else:
                outcome = report
    finally:
        transport.close()
    await process.wait()
    return outcome


def _death(returncode: int | None, log: Path) -> TickreelError:
    tail = log_tail(log)
    if returncode is not None and returncode < 0:
        name = signal.Signals(-returncode).name
        hint = {"SIGKILL": " (the machine may be out of memory)", "SIGABRT": " (the engine gave up)"}.get(name, "")
        message = f"the worker process was ended by {name}{hint}; the last lines of its log:\n{tail}"
        return TickreelError("WORKER_DIED", message, signal=name, log=tail)
    message = f"the worker process ended with code {returncode} and no result; the last lines of its log:\n{tail}"
    return TickreelError("WORKER_DIED", message, exit_code=returncode, log=tail)


def log_tail(log: Path) -> str:
    """The last lines of a log."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - LOG_TAIL_BYTES))
            return file.read().decode(errors="replace").strip() or "(the log is empty)"
    except OSError as error:
        return f"(the log cannot be read: {error})"


class Reporter:
    """A worker's line to its service. Progress may be reported from any thread, as often as one likes."""

    def __init__(self, descriptor: int) -> None:
        self._pipe = os.fdopen(descriptor, "wb", buffering=0)
        self._meter = ProgressMeter()
        self._lock = threading.Lock()
        self._next = 0.0
        self._phase: job_pb2.JobPhase | None = None

    def progress(self, phase: job_pb2.JobPhase, done: int, total: int, unit: str, ts_event: int | None = None) -> None:
        """Reports how far the work is; see `ProgressMeter.measure`. At most ten a second pass, and every new phase."""
        with self._lock:
            now = time.monotonic()
            if now < self._next and phase == self._phase and done != total:
                return
            self._next, self._phase = now + REPORT_INTERVAL, phase
            self._send({"progress": progress.to_json(self._meter.measure(phase, done, total, unit, ts_event))})

    def result(self, result: dict[str, Any]) -> None:
        """Reports what the work made."""
        with self._lock:
            self._send({"result": result})

    def failure(self, error: TickreelError) -> None:
        """Reports why the work failed."""
        with self._lock:
            self._send({"failure": {"reason": error.reason, "message": str(error), "metadata": error.metadata}})

    def _send(self, report: dict[str, Any]) -> None:
        self._pipe.write(json.dumps(report).encode() + b"\n")


def serve_worker(work: Callable[[dict[str, Any], Reporter], dict[str, Any]]) -> None:
    """The body of a worker module's main: does `work` on the spec from standard input and reports its outcome."""
    reporter = Reporter(int(sys.argv[1]))
    spec = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_die_with_service, name="parent-watch", daemon=True).start()
    try:
        reporter.result(work(spec, reporter))
    except TickreelError as error:
        reporter.failure(error)
    except Exception as error:
        traceback.print_exc()
        message = f"{type(error).__name__}: {error}"
        reporter.failure(TickreelError("INTERNAL", message, log=traceback.format_exc()[-LOG_TAIL_BYTES:]))
    sys.stdout.flush()
    sys.stderr.flush()
    # Straight out: the engine's own threads need not be waited for, and all files are in place.
    os._exit(0)


def _die_with_service() -> None:
    while os.read(0, 4096):
        pass
    os._exit(3)
