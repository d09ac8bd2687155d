"""What a person sees: results and tables on standard output, everything else on standard error."""

import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import click
from rich.console import Console, ConsoleOptions, RenderableType
from rich.padding import Padding
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from tickreel.jobs.job import CANCELLED, Job
from tickreel.v1 import result_pb2

# What goes to a file or a pipe is for grep and awk: never folded.
_UNLIMITED = 10_000
# Control characters but line ends and tabs, and those that change the direction of what follows.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    """A text without the characters that a terminal obeys: a note may come from anybody, and is not to clear the screen."""
    return _CONTROLS.sub(lambda control: ascii(control[0])[1:-1], text)


class _Console(Console):
    """A console that shows the control characters of texts as escapes."""

    def render_str(self, text: str, **options: Any) -> Text:
        # Here, so that their width is known; below, for what is a `Text` already.
        return super().render_str(visible(text), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=visible(segment.text))


def _console(*, stderr: bool, width: int | None = None) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    if width is None and not stream.isatty() and "COLUMNS" not in os.environ:
        width = _UNLIMITED
    return _Console(stderr=stderr, width=width, markup=False, emoji=False, highlight=False)


out = _console(stderr=False)
err = _console(stderr=True)


@dataclass(frozen=True)
class Column:
    """A column of a table: its header, and its cells from top to bottom.

    Where the terminal is too narrow, the columns that are `optional` are left out, the last one first.
    """

    header: str
    cells: Sequence[str | Text]
    right: bool = False
    optional: bool = False


def print_table(*columns: Column) -> None:
    """Prints a table. No cell is ever folded or cut: what does not fit runs on, so that it can be copied."""
    shown = list(columns)
    while True:
        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
        for column in shown:
            table.add_column(column.header, justify="right" if column.right else "left", no_wrap=True)
        for row in zip(*(column.cells for column in shown), strict=True):
            table.add_row(*row)
        width = out.measure(table, options=out.options.update(max_width=_UNLIMITED)).maximum
        dispensable = [column for column in shown if column.optional]
        if width <= out.width or not dispensable:
            break
        shown.remove(dispensable[-1])
    _console(stderr=False, width=max(width, out.width)).print(table)


def pairs(*, right: bool = False) -> Table:
    """An empty table of names and values; the values are figures where they stand on the right."""
    made = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
    made.add_column(no_wrap=True, style="dim")
    made.add_column(justify="right" if right else "left", overflow="fold")
    return made


def indented(text: str) -> None:
    """Prints a text whose every line is indented."""
    out.print(Padding.indent(text, 2))


def heading(text: str) -> None:
    """A line that names what follows it."""
    out.print()
    out.print(Text(text, style="bold"))


def say(text: str) -> None:
    """A line to the person at the terminal; nothing that a script would read."""
    click.echo(visible(text), err=True)


def say_error(text: str) -> None:
    """Says why a command did not do what it was asked for."""
    click.echo(f"{click.style('error:', fg='red', bold=True)} {visible(text)}", err=True)


def say_ended(noun: str, job_id: str, job: Job) -> None:
    """Says how a job ended that did not succeed."""
    if job.state == CANCELLED:
        say(f"{noun} {job_id} is cancelled")
    else:
        say_error(f"{noun} {job_id} failed, {job.failure.reason}: {job.failure.message}")


def print_findings(findings: Iterable[result_pb2.Finding], subject: str = "") -> None:
    """Prints findings: what they are called, and below it what they say."""
    for finding in findings:
        is_warning = finding.severity == result_pb2.SEVERITY_WARNING
        line = Text("  warning  " if is_warning else "  note  ", style="yellow" if is_warning else "dim")
        line.append(finding.code, style="default")
        line.append(f"  {subject}" if subject else "", style="dim")
        out.print(line)
        out.print(Padding.indent(Text(finding.message), 4))


@contextmanager
def busy(text: str) -> Iterator[None]:
    """Shows on a terminal that something is being waited for, until it is there."""
    if not err.is_terminal:
        yield
        return
    with err.status(text):
        yield
