"""The worker side of a job's process: it receives work, reports progress and a result, and dies with its service.

The engine can abort its process, and a file can exhaust memory. In a separate process, this ends one job with a reason, not the
service with all its jobs. Both sides exchange JSON lines: the work arrives on standard input, reports are sent on a pipe.
Standard input stays open; its end means that the service died. Standard output and error go to the log of the job.

After a successful job the service may give the same process another one, which saves a process start; see `_stays`.
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
# A process that holds more MiB than this after a job is not reused. With all imports done, a process holds half of it.
STAYING_MEMORY = 400

# Error numbers of writes to a read-only disk or to the folder of another user.
_FORBIDDEN = (errno.EROFS, errno.EACCES, errno.EPERM)

# Written to clear_refs, it resets the peak memory of a process; see proc(5).
_RESET_PEAK = "5"


class Reporter:
    """Sends the reports of one job to the service. Progress may be reported from any thread, at any rate."""

    def __init__(self, service: Starter) -> None:
        self._service = service
        self._meter = ProgressMeter()
        self._lock = threading.Lock()
        self._next = 0.0
        self._phase: job_pb2.JobPhase | None = None
        self._over = False

    def progress(self, phase: job_pb2.JobPhase, done: int, total: int, unit: str, ts_event: int | None = None) -> None:
        """Report progress; see `ProgressMeter.measure`. Sends at most ten reports a second, and one for every new phase."""
        with self._lock:
            now = time.monotonic()
            if now < self._next and phase == self._phase and done != total:
                return
            self._next, self._phase = now + REPORT_INTERVAL, phase
            self._send({"progress": progress.to_json(self._meter.measure(phase, done, total, unit, ts_event))})

    def live(self, values: dict[str, Any]) -> None:
        """Report live figures, in a form that the service of the job understands."""
        with self._lock:
            self._send({"live": values})

    def result(self, result: dict[str, Any], *, stays: bool = False) -> None:
        """Report the result, and whether this process can run another job. Later reports are dropped."""
        with self._lock:
            self._send({"result": result, "stays": stays})
            self._over = True

    def failure(self, error: TickreelError) -> None:
        """Report a failure. Later reports are dropped."""
        with self._lock:
            self._send({"failure": error.to_json()})
            self._over = True

    def _send(self, report: dict[str, Any]) -> None:
        if not self._over:
            self._service.report(report)


def serve_worker(work: Callable[[dict[str, Any], Reporter], dict[str, Any]]) -> None:
    """Run `work` on each spec from standard input and report its outcome. The main of a worker module calls this."""
    service = Starter()
    # A reader who follows the log sees each line when it is printed.
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # the stub allows any text stream
    stays = True
    while stays:
        task = service.receive()
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
            message = f"the worker process could not allocate memory: {error or 'none is left'}"
            reporter.failure(TickreelError("OUT_OF_MEMORY", message, log=traceback.format_exc()[-LOG_TAIL_BYTES:]))
            _log_exception()
            break
        except Exception as error:
            reporter.failure(_unexpected(error, [Path(store) for store in task["stores"]]))
            _log_exception()
            break
    with contextlib.suppress(OSError):
        sys.stdout.flush()
    # Exit without waiting for the threads of the engine; all files are in place.
    os._exit(0)


def _stays() -> bool:
    """Return whether this process can run another job: it holds little memory and has started no other process.

    Resets the peak memory, so that each job reports its own.
    """
    if resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss or process_memory(os.getpid()) > STAYING_MEMORY:
        return False
    try:
        # RUSAGE_CHILDREN does not count children that still run.
        if any((task / "children").read_text() for task in Path("/proc/self/task").iterdir()):
            return False
        Path("/proc/self/clear_refs").write_text(_RESET_PEAK)
    except OSError:
        return False
    return True


def _log_to(log: Path) -> None:
    """Redirect standard output and error to the end of a file."""
    with contextlib.suppress(OSError):
        sys.stdout.flush()
    try:
        with log.open("ab") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
    except OSError as error:
        raise not_writable(f"the log {log.name}", log.parent, error) from None


def _unexpected(error: Exception, stores: list[Path]) -> TickreelError:
    """Return the error for an unexpected exception. If a disk caused it, the error names the folder."""
    if is_full(error):
        existing = [store for store in stores if store.exists()]
        return not_writable("the output of the job", min(existing, key=lambda store: shutil.disk_usage(store).free), error)
    if isinstance(error, OSError) and error.errno in _FORBIDDEN and error.filename:
        path = Path(os.fsdecode(error.filename))
        return not_writable(path.name, path.parent, error)
    return TickreelError("INTERNAL", f"{type(error).__name__}: {error}", log=traceback.format_exc()[-LOG_TAIL_BYTES:])


def _log_exception() -> None:
    # The log may be on a full disk. The service already has the traceback.
    with contextlib.suppress(OSError):
        traceback.print_exc()
