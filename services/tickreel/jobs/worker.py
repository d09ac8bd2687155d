"""The inside of a job's own process: it waits for its work, reports as it goes, and is gone when its service is.

The engine can abort its process and a file can exhaust memory; in a process of its own that ends one job with a reason, not the
service with all jobs. What passes between the two is JSON lines: what to do on the worker's standard input (which stays open:
its end means that the service died), reports on a pipe. Standard output and error go to the job's log.

A process that has done a job well may do another, as its service says, which spares the start of the next; see `_stays`.
"""

import contextlib
import errno
import os
import resource
import shutil
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tickreel.jobs import progress
from tickreel.jobs.progress import ProgressMeter
from tickreel.processes.exit import LOG_TAIL_BYTES
from tickreel.processes.memory import process_memory
from tickreel.processes.starter import Starter
from tickreel.rpc.errors import TickreelError, is_full, not_writable
from tickreel.v1 import job_pb2

REPORT_INTERVAL = 0.1
# What a process may hold after a job to be given another, in MiB; one that has imported everything holds half of it.
STAYING_MEMORY = 400

# What writing to a disk ends with that has become read-only, or belongs to somebody else.
_FORBIDDEN = (errno.EROFS, errno.EACCES, errno.EPERM)

# For clear_refs, see proc(5).
_RESET_PEAK = "5"


class Reporter:
    """A worker's line to its service, for one job. Progress may be reported from any thread, as often as one likes."""

    def __init__(self, service: Starter) -> None:
        self._service = service
        self._meter = ProgressMeter()
        self._lock = threading.Lock()
        self._next = 0.0
        self._phase: job_pb2.JobPhase | None = None
        self._over = False

    def progress(self, phase: job_pb2.JobPhase, done: int, total: int, unit: str, ts_event: int | None = None) -> None:
        """Reports how far the work is; see `ProgressMeter.measure`. At most ten a second pass, and every new phase."""
        with self._lock:
            now = time.monotonic()
            if now < self._next and phase == self._phase and done != total:
                return
            self._next, self._phase = now + REPORT_INTERVAL, phase
            self._send({"progress": progress.to_json(self._meter.measure(phase, done, total, unit, ts_event))})

    def live(self, values: dict[str, Any]) -> None:
        """Reports what the work has come to so far, as its service understands it."""
        with self._lock:
            self._send({"live": values})

    def result(self, result: dict[str, Any], *, stays: bool = False) -> None:
        """Reports what the work made, and whether this process may be given more. Nothing follows."""
        with self._lock:
            self._send({"result": result, "stays": stays})
            self._over = True

    def failure(self, error: TickreelError) -> None:
        """Reports why the work failed. Nothing follows."""
        with self._lock:
            self._send({"failure": error.to_json()})
            self._over = True

    def _send(self, report: dict[str, Any]) -> None:
        if not self._over:
            self._service.report(report)


def serve_worker(work: Callable[[dict[str, Any], Reporter], dict[str, Any]]) -> None:
    """The body of a worker module's main: does `work` on each spec from standard input and reports its outcome."""
    service = Starter()
    # A log that is followed shows each line when it is printed.
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    stays = True
    while stays:
        task = service.told()
        reporter = Reporter(service)
        try:
            _log_to(Path(task["log"]))
            result = work(task["spec"], reporter)
            stays = not task["last"] and _stays()
            reporter.result(result, stays=stays)
        except TickreelError as error:
            reporter.failure(error)
            break
        except MemoryError as error:
            message = f"the worker process could not have the memory that it asked for: {error or 'no more is left'}"
            reporter.failure(TickreelError("OUT_OF_MEMORY", message, log=traceback.format_exc()[-LOG_TAIL_BYTES:]))
            _log_exception()
            break
        except Exception as error:
            reporter.failure(_unforeseen(error, [Path(store) for store in task["stores"]]))
            _log_exception()
            break
    with contextlib.suppress(OSError):
        sys.stdout.flush()
    # Straight out: the engine's own threads need not be waited for, and all files are in place.
    os._exit(0)


def _stays() -> bool:
    """Whether this process is as good as a new one: it holds little memory, and has started no other process.

    What it took of memory at most begins anew, so that each job is told its own.
    """
    if resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss or process_memory(os.getpid()) > STAYING_MEMORY:
        return False
    try:
        # Those that still run are not in the figure above.
        if any((task / "children").read_text() for task in Path("/proc/self/task").iterdir()):
            return False
        Path("/proc/self/clear_refs").write_text(_RESET_PEAK)
    except OSError:
        return False
    return True


def _log_to(log: Path) -> None:
    """Sends standard output and error to the end of a file."""
    with contextlib.suppress(OSError):
        sys.stdout.flush()
    try:
        with log.open("ab") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
    except OSError as error:
        raise not_writable(f"the log {log.name}", log.parent, error) from None


def _unforeseen(error: Exception, stores: list[Path]) -> TickreelError:
    """What a job failed with whose code does not say; where that is a disk, which of those that it writes to."""
    if is_full(error):
        there = [store for store in stores if store.exists()]
        return not_writable("what the job makes", min(there, key=lambda store: shutil.disk_usage(store).free), error)
    if isinstance(error, OSError) and error.errno in _FORBIDDEN and error.filename:
        path = Path(os.fsdecode(error.filename))
        return not_writable(path.name, path.parent, error)
    return TickreelError("INTERNAL", f"{type(error).__name__}: {error}", log=traceback.format_exc()[-LOG_TAIL_BYTES:])


def _log_exception() -> None:
    # The log may lie on a full disk; the service has heard of it already.
    with contextlib.suppress(OSError):
        traceback.print_exc()
