"""The process that started this one, as this one sees it: `Process` is its side."""

import contextlib
import ctypes
import json
import os
import queue
import signal
import sys
import threading
from pathlib import Path
from typing import Any

# What a process ends with that was told nothing more: its starter is gone, or wants no more of it.
_NO_MORE = 3

# From linux/prctl.h.
_PR_SET_PDEATHSIG = 1
# Of -1000 to 1000; a process is 0 where nobody says otherwise.
_OOM_SCORE = "500"


class Starter:
    """Hears what the starter tells, and reports to it on the pipe that is the last argument of this process.

    This process ends at once, whatever it is doing, when its starter does, and before its starter where memory runs out.
    """

    def __init__(self) -> None:
        descriptor = int(sys.argv[-1])
        # A process that this one starts must not hold the pipe open once this one is gone.
        os.set_inheritable(descriptor, False)
        self._pipe = os.fdopen(descriptor, "wb", buffering=0)
        self._lock = threading.Lock()
        self._told: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        die_with_parent()
        if sys.platform == "linux":
            with contextlib.suppress(OSError):
                Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE)
        threading.Thread(target=self._listen, name="told", daemon=True).start()

    def told(self) -> dict[str, Any]:
        """The next thing that it tells; waits for it."""
        return self._told.get()

    def report(self, values: dict[str, Any]) -> None:
        """Reports something; from any thread."""
        line = json.dumps(values).encode() + b"\n"
        with self._lock:
            self._pipe.write(line)

    def _listen(self) -> None:
        line = b""
        # Not by sys.stdin, whose lock Python wants at its end.
        while part := os.read(0, 1 << 16):
            *lines, line = (line + part).split(b"\n")
            for whole in lines:
                self._told.put(json.loads(whole))
        os._exit(_NO_MORE)


def die_with_parent() -> None:
    """Asks the kernel to kill this process, and what it becomes by `exec`, when its parent is gone; Linux alone can."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
