"""The parent of this process, from the side of the child; `Process` is the other side."""

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

# Exit code of a process whose standard input was closed: its parent is gone or has no more work for it.
_INPUT_CLOSED = 3

# From linux/prctl.h.
_PR_SET_PDEATHSIG = 1
# From -1000 to 1000; the default is 0. The kernel first kills the process with the highest score.
_OOM_SCORE = "500"


class Starter:
    """Receives values from the parent, and reports to it on a pipe whose descriptor is the last argument of this process.

    This process ends as soon as its parent ends, whatever it is doing. When memory runs out, the kernel kills this process
    before its parent.
    """

    def __init__(self) -> None:
        descriptor = int(sys.argv[-1])
        # A child of this process must not keep the pipe open after this process has ended.
        os.set_inheritable(descriptor, False)
        self._pipe = os.fdopen(descriptor, "wb", buffering=0)
        self._lock = threading.Lock()
        self._received: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        die_with_parent()
        if sys.platform == "linux":
            with contextlib.suppress(OSError):
                Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE)
        threading.Thread(target=self._listen, name="receiver", daemon=True).start()

    def receive(self) -> dict[str, Any]:
        """Return the next values from the parent; wait until they arrive."""
        return self._received.get()

    def report(self, values: dict[str, Any]) -> None:
        """Report values to the parent. Callable from any thread."""
        line = json.dumps(values).encode() + b"\n"
        with self._lock:
            self._pipe.write(line)

    def _listen(self) -> None:
        line = b""
        # os.read instead of sys.stdin: Python takes the lock of sys.stdin at exit, and this thread would hold it.
        while part := os.read(0, 1 << 16):
            *lines, line = (line + part).split(b"\n")
            for whole in lines:
                self._received.put(json.loads(whole))
        os._exit(_INPUT_CLOSED)


def die_with_parent() -> None:
    """Ask the kernel to kill this process when its parent dies, also after an `exec`. Only on Linux."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
