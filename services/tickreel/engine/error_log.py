"""Errors in the engine's log. After an error the engine stops the replay or aborts its process; only its log says why."""

import contextlib
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from tickreel.engine.catalog_format import MAX_SIZE

# Greatest amount that the engine's money holds, in whole units.
MAX_MONEY = 17_014_118_346_046

_RECORD = re.compile(
    r"^(?P<instant>\S+Z) \[ERROR\] TRADER-001\.(?P<component>\S+): (?P<text>.*)$(?P<more>(?:\n(?!\S+Z \[[A-Z]+\] ).*)*)",
    re.MULTILINE,
)
_TRACEBACK = "Traceback (most recent call last):"
# The calls of Tickreel that come before the first line of the strategy.
_OUR_FRAMES = re.compile(r'(?<=\n)(?:  File "[^"\n]*/tickreel/engine/\w+\.py", line .*\n(?:    .*\n)*)+(?=  File )')
# An error in a handler of messages, which the engine logs without a traceback.
_HANDLER = re.compile(r"^Python handler \S+ failed: (?P<cause>.*)")
_OWN_LOG = "an error of a Logger stops a replay, one of self.log does not"
_PANIC = re.compile(r"^thread .* panicked at [^\n]*\n(?P<text>[^\n]*)", re.MULTILINE)
# Explanations of errors, by patterns of their text. The first match counts.
_MEANINGS = (
    (
        re.compile(r"for Money|'amount' not in range|Money bounds"),
        f"the engine's money holds at most {MAX_MONEY}, and price x size x instrument.multiplier, the profit or the balance"
        " exceeded it; replay a shorter window, or lower instrument.multiplier or the starting balance",
    ),
    (
        re.compile(rf"'value' not in range \[0, {MAX_SIZE}\]|for Quantity"),
        f"the engine's sizes hold at most {MAX_SIZE}, and the position exceeded it; replay a shorter window",
    ),
    (
        re.compile("Cash account balance would become negative"),
        "the account cannot pay for a fill and its fee; set larger venue.starting_balances",
    ),
    (
        re.compile("is still RUNNING after the backtest end sequence"),
        "after the last row it cannot do what manage_stop of the strategy's config asks; close positions in on_stop instead",
    ),
    (
        re.compile(r"no registered endpoint '[^']*\.execute'"),
        "the run has no execution algorithm of this name; a strategy brings algorithms by a method exec_algorithms",
    ),
)


@dataclass(frozen=True)
class EngineError:
    """An error in the log.

    Attributes:
        text: The first line of the logged text.
        instant: Replay time of the error, ISO 8601; empty if unknown.
        component: The part of the engine that logged the error, the id of a strategy, or the name of a logger of user code.
            Empty if the error was not logged.
        traceback: Traceback of an exception of user code, wherever it was raised; otherwise empty.
    """

    text: str
    instant: str
    component: str = ""
    traceback: str = ""

    @classmethod
    def of(cls, text: str, instant: str = "", component: str = "") -> "EngineError":
        """Return the error of a logged text, or of the message of an exception that the engine raised."""
        first_line, _, more = text.strip().partition("\n")
        _, begin, frames = more.partition(_TRACEBACK)
        # After the replay, the engine's log has the time of the wall clock.
        instant = "" if first_line.startswith("Error disposing trader:") else instant
        return cls(first_line.strip(), instant, component, _OUR_FRAMES.sub("", f"{begin}{frames}", count=1).rstrip())

    def __str__(self) -> str:
        at = f" at {self.instant}" if self.instant else ""
        if self.traceback:
            return f"the strategy raised {_cause(self.traceback)}{at}"
        if handler := _HANDLER.match(self.text):
            return f"the strategy raised {handler['cause']}{at}"
        if self.component and not self.component.startswith("nautilus_"):
            return f"the engine stopped{at} because of an error in the log of {self.component!r}: {self.text}; {_OWN_LOG}"
        return f"the engine stopped{at}: {explained(self.text)}"


class ErrorLog:
    """Errors that this process and its children log from now on.

    Errors are only found if standard error is a file, as in the process of a run.
    """

    def __init__(self) -> None:
        status = os.fstat(2)
        self._begin = status.st_size if stat.S_ISREG(status.st_mode) else None

    def first(self) -> EngineError | None:
        """Return the first error so far. The engine must have flushed its log."""
        if self._begin is None:
            return None
        # The descriptor is open for writing only, so the file is opened again.
        with contextlib.suppress(OSError), Path("/dev/fd/2").open("rb") as log:
            log.seek(self._begin)
            return first_error(log.read().decode(errors="replace"))
        return None


def first_error(log: str) -> EngineError | None:
    """Return the first error in a log: the panic of an abort, else an error line of the engine or of a strategy."""
    if panic := _PANIC.search(log):
        return EngineError(panic["text"].strip(), "")
    if record := _RECORD.search(log):
        return EngineError.of(record["text"] + record["more"], record["instant"], record["component"])
    return None


def _cause(traceback: str) -> str:
    """Return the line of a traceback that names the exception. Of a chain of exceptions, it is the last one."""
    *_, last = traceback.split(_TRACEBACK)
    lines = [line for line in last.splitlines() if line.strip()]
    return next((line for line in lines if not line.startswith((" ", "\t"))), lines[-1].strip())


def explained(text: str) -> str:
    """Return an error of the engine, followed by an explanation if there is one: the bound, and the fields of a config."""
    return next((f"{text}; {meaning}" for about, meaning in _MEANINGS if about.search(text)), text)
