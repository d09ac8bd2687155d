"""Progress of all live runs: a table in a terminal, plain lines elsewhere, JSON lines for programs."""

import json
import time
from collections.abc import Iterable
from types import TracebackType
from typing import Protocol, Self

from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from tickreel.cli.display import formatting, screen
from tickreel.cli.display.progress_display import LINE_SECONDS, progress_line
from tickreel.jobs import job as jobs
from tickreel.rpc.message_json import as_json
from tickreel.v1 import job_pb2, run_pb2, verification_pb2

_STYLES = {jobs.SUCCEEDED: "green", jobs.FAILED: "red", jobs.RUNNING: "cyan", jobs.CANCELLING: "yellow"}
_NONE = "no run is queued or running; Ctrl-C exits"


class RunsDisplay(Protocol):
    """Display of live runs while the context is open."""

    def show(self, runs: Iterable[run_pb2.RunEntry]) -> None:
        """Show the current state of runs that have changed."""

    def note(self, text: str) -> None:
        """Show a message about the watch itself, such as a lost connection. The next `show` gets all live runs again."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...


def runs_display(output: str) -> RunsDisplay:
    """Return the display for a value of `--output` and for the kind of standard output."""
    if output == "json":
        return RunJson()
    return RunTable() if screen.out.is_terminal else RunLines()


def state_text(run: run_pb2.RunEntry) -> Text:
    """Return the coloured state of a run, with the reason of a failure or the percentage done."""
    text = jobs.state_name(run.state).lower()
    if run.state == jobs.FAILED:
        text += f" {run.failure.reason}"
    elif run.state == jobs.RUNNING and run.progress.total:
        text += f" {100 * run.progress.done // run.progress.total}%"
    return Text(text, style=_STYLES.get(run.state, ""))


def _line(run: run_pb2.RunEntry) -> Text:
    """Return the progress of a run, or its outcome if it has ended, in one line."""
    if run.state not in jobs.FINAL:
        return Text(progress_line(run))
    line = state_text(run)
    if run.state == jobs.SUCCEEDED and run.verified_run_id:
        verdict = verification_pb2.Verdict.Name(run.verdict).removeprefix("VERDICT_").lower()
        line.append(f": {run.verified_run_id} is {verdict}", style="default")
    elif run.state == jobs.SUCCEEDED:
        figures = run.figures
        (pnl,) = formatting.decimals([figures.pnl])
        took = formatting.took(run.started_at, run.ended_at)
        line.append(
            f": {formatting.count(figures.orders)} orders, pnl {pnl} {figures.currency}, took {took}",
            style="default",
        )
    elif run.state == jobs.FAILED:
        line.append(f": {run.failure.message.partition('\n')[0]}", style="default")
    return line


class RunTable:
    """A table of the live runs. When a run ends, its outcome is printed above the table and stays."""

    def __init__(self) -> None:
        self._live = Live(console=screen.out, auto_refresh=False)
        self._runs: dict[str, run_pb2.RunEntry] = {}

    def show(self, runs: Iterable[run_pb2.RunEntry]) -> None:
        """Redraw the table."""
        ended = []
        for run in runs:
            if run.state in jobs.FINAL:
                self._runs.pop(run.run_id, None)
                ended.append(Text.assemble(run.run_id, "  ", _line(run)))
            else:
                self._runs[run.run_id] = run
        self._redraw(*ended)

    def note(self, text: str) -> None:
        """Print a line above the table, and clear the table."""
        self._runs.clear()
        self._redraw(Text(text, style="yellow"))

    def _redraw(self, *above: Text) -> None:
        # Update the table first: printing above it redraws its last content.
        self._live.update(self._table(), refresh=True)
        for line in above:
            self._live.console.print(line)

    def _table(self) -> Table | Text | Group:
        if not self._runs:
            return Text(_NONE, style="dim")
        # Queued runs come last: rows beyond the height of the terminal are not shown.
        runs = sorted(self._runs.values(), key=lambda run: (run.state == jobs.QUEUED, run.queue_position))
        room = max(1, screen.out.height - 2)
        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
        table.add_column(no_wrap=True, min_width=max(len(run.run_id) for run in runs[:room]))
        table.add_column(no_wrap=True, overflow="ellipsis")
        for run in runs[:room]:
            table.add_row(run.run_id, Text(progress_line(run), style=_STYLES.get(run.state, "dim")))
        return Group(table, Text(f"and {len(runs) - room} more", style="dim")) if len(runs) > room else table

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._live.stop()


class _Printed:
    """Prints runs to standard output, and messages about the watch to standard error."""

    def __init__(self) -> None:
        self._has_shown = False

    def show(self, runs: Iterable[run_pb2.RunEntry]) -> None:
        """Print runs that have changed. If the first call has no runs, print that there are none."""
        runs = list(runs)
        if not (runs or self._has_shown):
            screen.say(_NONE)
        self._has_shown = True
        self._print(runs)

    def note(self, text: str) -> None:
        """Print a line to standard error."""
        screen.say(text)

    def _print(self, runs: list[run_pb2.RunEntry]) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        return None


class RunLines(_Printed):
    """Plain lines: one whenever a run enters a phase or ends, and one every few seconds."""

    def __init__(self) -> None:
        super().__init__()
        # State, phase and time of the next line, by run.
        self._printed: dict[str, tuple[job_pb2.JobState, job_pb2.JobPhase, float]] = {}

    def _print(self, runs: list[run_pb2.RunEntry]) -> None:
        now = time.monotonic()
        for run in runs:
            state, phase, until = self._printed.get(run.run_id, (None, None, 0.0))
            if (run.state, run.progress.phase) == (state, phase) and now < until:
                continue
            if run.state in jobs.FINAL:
                self._printed.pop(run.run_id, None)
            else:
                self._printed[run.run_id] = (run.state, run.progress.phase, now + LINE_SECONDS)
            print(f"{run.run_id}  {_line(run).plain}", flush=True)


class RunJson(_Printed):
    """JSON lines: the entry of a run whenever it has changed."""

    def _print(self, runs: list[run_pb2.RunEntry]) -> None:
        for run in runs:
            print(json.dumps(as_json(run), ensure_ascii=False), flush=True)
