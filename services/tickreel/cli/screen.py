"""What a person sees: results and tables on standard output, everything else on standard error."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tickreel.jobs.job import CANCELLED, Job
from tickreel.v1 import result_pb2


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    # What goes to a file or a pipe is for grep and awk: never folded.
    width = None if stream.isatty() or "COLUMNS" in os.environ else 10_000
    return Console(stderr=stderr, width=width, markup=False, emoji=False, highlight=False)


out = _console(stderr=False)
err = _console(stderr=True)


def table(*headers: str, right: Iterable[str] = (), fold: Iterable[str] = ()) -> Table:
    """An empty table.

    Args:
        right: The headers of the columns that hold figures.
        fold: The headers of the columns that may break into several lines; the others keep to one.
    """
    right, fold = set(right), set(fold)
    made = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    for header in headers:
        made.add_column(header, justify="right" if header in right else "left", no_wrap=header not in fold, overflow="fold")
    return made


def pairs(*, right: bool = False) -> Table:
    """An empty table of names and values; the values are figures where they stand on the right."""
    made = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
    made.add_column(no_wrap=True, style="dim")
    made.add_column(justify="right" if right else "left", overflow="fold")
    return made


def heading(text: str) -> None:
    """A line that names what follows it."""
    out.print()
    out.print(Text(text, style="bold"))


def say(text: str) -> None:
    """A line to the person at the terminal; nothing that a script would read."""
    click.echo(text, err=True)


def say_error(text: str) -> None:
    """Says why a command did not do what it was asked for."""
    click.echo(f"{click.style('error:', fg='red', bold=True)} {text}", err=True)


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
