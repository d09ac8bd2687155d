"""Text output: results and tables on standard output, messages on standard error."""

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

# Output to a file or a pipe is for grep and awk, and never wrapped.
_UNLIMITED = 10_000
# Control characters except newline and tab, and the Unicode characters that change the text direction.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    """Escape the characters that control a terminal. Any user may write a note, and a note must not clear the screen."""
    return _CONTROLS.sub(lambda control: ascii(control[0])[1:-1], text)


class _Console(Console):
    """A console that prints control characters as escapes."""

    def render_str(self, text: str, **options: Any) -> Text:
        # Escape strings before their width is measured.
        return super().render_str(visible(text), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        # Escape renderables that are `Text` already.
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

    If the terminal is too narrow, `optional` columns are left out, the last one first.
    """

    header: str
    cells: Sequence[str | Text]
    right: bool = False
    optional: bool = False


def print_table(*columns: Column) -> None:
    """Print a table. Cells are never wrapped or cut, so that they can be copied; a line may exceed the terminal's width."""
    shown = list(columns)
    while True:
        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
        for column in shown:
            table.add_column(column.header, justify="right" if column.right else "left", no_wrap=True)
        for row in zip(*(column.cells for column in shown), strict=True):
            table.add_row(*row)
        width = out.measure(table, options=out.options.update(max_width=_UNLIMITED)).maximum
        optional = [column for column in shown if column.optional]
        if width <= out.width or not optional:
            break
        shown.remove(optional[-1])
    _console(stderr=False, width=max(width, out.width)).print(table)


def pairs(*, right: bool = False) -> Table:
    """Return an empty table of names and values. Figures are aligned to the right."""
    made = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
    made.add_column(no_wrap=True, style="dim")
    made.add_column(justify="right" if right else "left", overflow="fold")
    return made


def indented(text: str) -> None:
    """Print a text with every line indented."""
    out.print(Padding.indent(text, 2))


def heading(text: str) -> None:
    """Print the heading of a section."""
    out.print()
    out.print(Text(text, style="bold"))


def say(text: str) -> None:
    """Print a message to standard error."""
    click.echo(visible(text), err=True)


def say_error(text: str) -> None:
    """Print an error to standard error."""
    click.echo(f"{click.style('error:', fg='red', bold=True)} {visible(text)}", err=True)


def say_ended(noun: str, job_id: str, job: Job) -> None:
    """Print how a job ended that did not succeed."""
    if job.state == CANCELLED:
        say(f"{noun} {job_id} was cancelled")
    else:
        say_error(f"{noun} {job_id} failed, {job.failure.reason}: {job.failure.message}")


def print_findings(findings: Iterable[result_pb2.Finding], subject: str = "") -> None:
    """Print findings: severity and code, and the message below them."""
    for finding in findings:
        is_warning = finding.severity == result_pb2.SEVERITY_WARNING
        line = Text("  warning  " if is_warning else "  note  ", style="yellow" if is_warning else "dim")
        line.append(finding.code, style="default")
        line.append(f"  {subject}" if subject else "", style="dim")
        out.print(line)
        out.print(Padding.indent(Text(finding.message), 4))


@contextmanager
def busy(text: str) -> Iterator[None]:
    """Show a spinner on a terminal while the context is open."""
    if not err.is_terminal:
        yield
        return
    with err.status(text):
        yield
