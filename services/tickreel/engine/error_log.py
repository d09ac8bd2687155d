"""The errors that the engine logs. It stops a replay after one, or aborts its process, and says why in its log alone."""

import contextlib
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from tickreel.engine.catalog_format import MAX_SIZE

# The most that the engine's money holds, in whole units.
MAX_MONEY = 17_014_118_346_046

_LINE = re.compile(r"^(?P<instant>\S+Z) \[ERROR\] \S+?\.(?P<component>\S+): (?P<text>.*)$", re.MULTILINE)
_PANIC = re.compile(r"^thread .* panicked at [^\n]*\n(?P<text>[^\n]*)", re.MULTILINE)
# What an error is about, by words of its text; the first that fits counts.
_MEANINGS = (
    (
        re.compile(r"for Money|'amount' not in range|Money bounds"),
        f"the engine's money holds up to {MAX_MONEY}, and price x size x instrument.multiplier, the profit or the balance went"
        " beyond it; replay a shorter window, or lower instrument.multiplier or the starting balance",
    ),
    (
        re.compile(rf"'value' not in range \[0, {MAX_SIZE}\]|for Quantity"),
        f"the engine's sizes end at {MAX_SIZE}, and the position went beyond it; replay a shorter window",
    ),
    (
        re.compile("Cash account balance would become negative"),
        "the account ran dry: a fee was more than it had left; start with larger venue.starting_balances",
    ),
)


@dataclass(frozen=True)
class EngineError:
    """An error in the log.

    Attributes:
        text: What was logged.
        instant: The replay time of a logged line, ISO 8601; empty for an abort.
        by_engine: Whether the engine logged it, and not a strategy.
    """

    text: str
    instant: str
    by_engine: bool

    def __str__(self) -> str:
        return f"the engine stopped{f' at {self.instant}' if self.instant else ''}: {explained(self.text)}"


class ErrorLog:
    """The errors that this process and its children log from now on.

    They are found where standard error is a file, as it is in the process of a run; elsewhere there are none.
    """

    def __init__(self) -> None:
        status = os.fstat(2)
        self._begin = status.st_size if stat.S_ISREG(status.st_mode) else None

    def first(self) -> EngineError | None:
        """The first error so far; the engine must have flushed its log."""
        if self._begin is None:
            return None
        # A descriptor that was opened for writing: it is opened again.
        with contextlib.suppress(OSError), Path("/dev/fd/2").open("rb") as log:
            log.seek(self._begin)
            return first_error(log.read().decode(errors="replace"))
        return None


def first_error(log: str) -> EngineError | None:
    """The first error in the text of a log: a line of the engine's or of a strategy's logger, or the panic of an abort."""
    if panic := _PANIC.search(log):
        return EngineError(panic["text"].strip(), "", by_engine=True)
    if line := _LINE.search(log):
        return EngineError(line["text"].strip(), line["instant"], line["component"].startswith("nautilus_"))
    return None


def explained(text: str) -> str:
    """An error of the engine with the bound and the fields of a config that it is about, where they are known."""
    return next((f"{text}; {meaning}" for about, meaning in _MEANINGS if about.search(text)), text)
