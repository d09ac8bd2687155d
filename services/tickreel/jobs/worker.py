"""The worker side of a job's process: it receives work, reports progress and a result, and dies with its service.

The engine can abort its process, and a file can exhaust memory. In a separate process, this ends one job with a reason, not the
service with all its jobs. Both sides exchange JSON lines: the work arrives on standard input, reports are sent on a pipe.
Standard input stays open; its end means that the service died. Standard output and error go to the log of the job.

A process runs one job.
"""

import contextlib
import errno
import os
import shutil
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from tickreel.jobs import progress
from tickreel.jobs.progress import ProgressMeter
from tickreel.processes.exit import LOG_TAIL_BYTES
from tickreel.processes.starter import Starter
from tickreel.rpc.errors import TickreelError, is_full, not_writable
from tickreel.v1 import job_pb2

REPORT_INTERVAL = 0.1

# Error numbers of writes to a read-only disk or to the folder of another user.
_FORBIDDEN = (errno.EROFS, errno.EACCES, errno.EPERM)


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

    def result(self, result: dict[str, Any]) -> None:
        """Report the result. Later reports are dropped."""
        with self._lock:
            self._send({"result": result})
            self._over = True

    def failure(self, error: TickreelError) -> None:
        """Report a failure. Later reports are dropped."""
        with self._lock:
            self._send({"failure": error.to_json()})
            self._over = True

    def _send(self, report: dict[str, Any]) -> None:
        if not self._over:
            self._service.report(report)


def serve_worker(work: Callable[[dict[str, Any], Reporter], dict[str, Any]]) -> NoReturn:
    """Run `work` on the spec from standard input, report its outcome, and exit. The main of a worker module calls this."""
    service = Starter()
    # A reader who follows the log sees each line when it is printed.
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # the stub allows any text stream
    task, reporter = service.receive(), Reporter(service)
    try:
        reporter.result(work(task["spec"], reporter))
    except TickreelError as error:
        reporter.failure(error)
    except MemoryError as error:
        message = f"the worker process could not allocate memory: {error or 'none is left'}"
        reporter.failure(TickreelError("OUT_OF_MEMORY", message, log=traceback.format_exc()[-LOG_TAIL_BYTES:]))
        _log_exception()
    except Exception as error:
        reporter.failure(_unexpected(error, [Path(store) for store in task["stores"]]))
        _log_exception()
    with contextlib.suppress(OSError):
        sys.stdout.flush()
    # Exit without waiting for the threads of the engine; all files are in place.
    os._exit(0)


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
