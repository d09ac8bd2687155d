"""The end of a process, and the last lines of its log."""

import os
import signal
from dataclasses import dataclass
from pathlib import Path

LOG_TAIL_BYTES = 3000

# Signals that are sent from outside. Any other signal is caused by the work of the process itself.
_FROM_OUTSIDE = ("SIGKILL", "SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT")


@dataclass(frozen=True)
class Exit:
    """The end of a process.

    Attributes:
        code: The return code as `subprocess` reports it: negative for a signal.
        memory_ran_out: Whether the kernel killed any process for lack of memory during the last work of this one.
    """

    code: int
    memory_ran_out: bool = False

    @property
    def signal(self) -> str:
        """Name of the signal that ended the process; empty if there was none."""
        return signal.Signals(-self.code).name if self.code < 0 else ""

    def failure(self, process: str) -> tuple[str, str, dict[str, object]]:
        """Return reason, message and metadata of the error for the unfinished work.

        Args:
            process: The name of the process in messages, "worker" for example.
        """
        if not self.signal:
            message = f"the {process} process ended with code {self.code} and no result"
            return "WORKER_DIED", message, {"exit_code": self.code}
        ended = f"the {process} process was ended by {self.signal}"
        if self.signal == "SIGKILL" and self.memory_ran_out:
            message = f"{ended}: the kernel killed a process because memory ran out"
            return "OUT_OF_MEMORY", message, {"signal": self.signal}
        if self.signal == "SIGABRT":
            return "ENGINE_ABORTED", f"{ended} (the engine gave up)", {"signal": self.signal}
        return "WORKER_DIED", ended, {"signal": self.signal}


def is_from_outside(signal_name: str) -> bool:
    """Return whether a signal of this name usually comes from another process."""
    return signal_name in _FROM_OUTSIDE


def log_tail(log: Path) -> str:
    """Return the last lines of a log."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - LOG_TAIL_BYTES))
            return file.read(LOG_TAIL_BYTES).decode(errors="replace").strip() or "(the log is empty)"
    except OSError as error:
        return f"(the log cannot be read: {error})"
