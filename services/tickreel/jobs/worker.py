"""The inside of a job's own process: it waits for its work, reports as it goes, and is gone when its service is.

The engine can abort its process and a file can exhaust memory; in a process of its own that ends one job with a reason, not the
service with all jobs. What passes between the two is JSON lines: the spec on the worker's standard input (which then stays
open: its end means that the service died), reports on a pipe. Standard output and error go to the job's log.
"""

import contextlib
import ctypes
import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tickreel.jobs import progress
from tickreel.jobs.progress import ProgressMeter
from tickreel.rpc.errors import TickreelError
from tickreel.v1 import job_pb2

LOG_TAIL_BYTES = 3000
REPORT_INTERVAL = 0.1

# From linux/prctl.h.
_PR_SET_PDEATHSIG = 1
# Of -1000 to 1000; a process is 0 where nobody says otherwise.
_OOM_SCORE = "500"


class Reporter:
    """A worker's line to its service. Progress may be reported from any thread, as often as one likes."""

    def __init__(self, descriptor: int) -> None:
        # A process that the worker starts must not hold the pipe open once the worker is gone.
        os.set_inheritable(descriptor, False)
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

    def live(self, values: dict[str, Any]) -> None:
        """Reports what the work has come to so far, as its service understands it."""
        with self._lock:
            self._send({"live": values})

    def result(self, result: dict[str, Any]) -> None:
        """Reports what the work made."""
        with self._lock:
            self._send({"result": result})

    def failure(self, error: TickreelError) -> None:
        """Reports why the work failed."""
        with self._lock:
            self._send({"failure": error.to_json()})

    def _send(self, report: dict[str, Any]) -> None:
        self._pipe.write(json.dumps(report).encode() + b"\n")


def serve_worker(work: Callable[[dict[str, Any], Reporter], dict[str, Any]]) -> None:
    """The body of a worker module's main: does `work` on the spec from standard input and reports its outcome."""
    reporter = Reporter(int(sys.argv[1]))
    _die_first()
    # A log that is followed shows each line when it is printed.
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    line = sys.stdin.buffer.readline()
    if not line.endswith(b"\n"):
        # The service ended before it had work for this process.
        os._exit(3)
    end_with_parent()
    try:
        reporter.result(work(json.loads(line), reporter))
    except TickreelError as error:
        reporter.failure(error)
    except MemoryError as error:
        message = f"the worker process could not have the memory that it asked for: {error or 'no more is left'}"
        reporter.failure(TickreelError("OUT_OF_MEMORY", message, log=traceback.format_exc()[-LOG_TAIL_BYTES:]))
        _log_exception()
    except Exception as error:
        message = f"{type(error).__name__}: {error}"
        reporter.failure(TickreelError("INTERNAL", message, log=traceback.format_exc()[-LOG_TAIL_BYTES:]))
        _log_exception()
    with contextlib.suppress(OSError):
        sys.stdout.flush()
    # Straight out: the engine's own threads need not be waited for, and all files are in place.
    os._exit(0)


def _log_exception() -> None:
    # The log may lie on a full disk; the service has heard of it already.
    with contextlib.suppress(OSError):
        traceback.print_exc()


def log_tail(log: Path) -> str:
    """The last lines of a log."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - LOG_TAIL_BYTES))
            return file.read(LOG_TAIL_BYTES).decode(errors="replace").strip() or "(the log is empty)"
    except OSError as error:
        return f"(the log cannot be read: {error})"


def _die_first() -> None:
    """Has the kernel end this process with its service, whatever it is at, and before its service where memory runs out."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        with contextlib.suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE)


def end_with_parent() -> None:
    """Ends this process at once when its standard input does, which is when its parent is gone."""

    def wait() -> None:
        while os.read(0, 4096):
            pass
        os._exit(3)

    threading.Thread(target=wait, name="parent-watch", daemon=True).start()
