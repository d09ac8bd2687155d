"""The log of a strategy: lines with level and replay time in the log of the run."""

import contextlib
import io
import sys
import traceback
from typing import Any

from nautilus_trader.core import unix_nanos_to_iso8601


class StrategyLog:
    """What `self.log` of a strategy is during a replay. It has the methods of the engine's logger.

    The engine's logger would stop the replay at an error, and would need the level INFO, at which the engine logs every event.

    A line is `INSTANT [LEVEL] STRATEGY: text`. The further lines of a text are indented, so that no text looks like a line of
    the engine.

    Args:
        strategy: The strategy, an actor or an execution algorithm. Before it has a clock, in its constructor, lines
            have no instant.
    """

    def __init__(self, strategy: Any) -> None:
        self._strategy = strategy

    @property
    def name(self) -> str:
        """The id of the strategy, actor or algorithm, or the name of its class in its constructor."""
        if not self._instant():
            return type(self._strategy).__name__
        ids = ("strategy_id", "actor_id", "exec_algorithm_id")
        return str(next(getattr(self._strategy, name) for name in ids if hasattr(self._strategy, name)))

    def trace(self, message: str, color: Any = None) -> None:
        """Log at level TRACE."""
        self._write("TRACE", message)

    def debug(self, message: str, color: Any = None) -> None:
        """Log at level DEBUG."""
        self._write("DEBUG", message)

    def info(self, message: str, color: Any = None) -> None:
        """Log at level INFO."""
        self._write("INFO", message)

    def warning(self, message: str, color: Any = None) -> None:
        """Log at level WARN."""
        self._write("WARN", message)

    def error(self, message: str, color: Any = None) -> None:
        """Log at level ERROR. The replay continues."""
        self._write("ERROR", message)

    def exception(self, message: str = "", color: Any = None) -> None:
        """Log the exception that is being handled with its traceback, at level ERROR."""
        self._write("ERROR", f"{message}\n{traceback.format_exc()}".strip())

    def flush(self) -> None:
        """Write buffered lines."""
        sys.stderr.flush()

    def printed(self, text: str) -> None:
        """Log a text that the strategy printed, at level PRINT."""
        self._write("PRINT", text)

    def _write(self, level: str, message: object) -> None:
        write_record(level, str(message), name=self.name, instant=self._instant())

    def _instant(self) -> str:
        with contextlib.suppress(RuntimeError):
            return f"{unix_nanos_to_iso8601(self._strategy.clock.timestamp_ns())} "
        return ""


class PrintLog(io.TextIOBase):
    """Standard output of a strategy: what it prints goes to the log of the run, with level PRINT and the replay time.

    Args:
        name: Name of the strategy's class.

    Attributes:
        log: The log of the strategy; None before the strategy exists.
    """

    def __init__(self, name: str) -> None:
        self.log: StrategyLog | None = None
        self._name = name
        self._text = ""

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, text: str) -> int:
        """Write a text. It becomes a record of the log at the end of a line."""
        self._text += text
        if self._text.endswith("\n"):
            self._record()
        return len(text)

    def end_line(self) -> None:
        """Write what was printed after the last end of a line."""
        if self._text:
            self._record()

    def _record(self) -> None:
        text, self._text = self._text.removesuffix("\n"), ""
        if self.log is not None:
            self.log.printed(text)
        else:
            write_record("PRINT", text, name=self._name, instant="")


def write_record(level: str, text: str, *, name: str, instant: str) -> None:
    """Write a record to the log of the run.

    Args:
        instant: The replay time and a space, or "".
    """
    first, *more = text.splitlines() or [""]
    lines = [f"{instant}[{level}] {name}: {first}", *(f"    {line}" for line in more)]
    # One write, so that lines of other threads do not come in between.
    sys.stderr.write("\n".join(lines) + "\n")
