"""`tickreel export`: a file that a run left, fetched from the results service."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from tickreel.cli import figures, options, screen
from tickreel.cli.json_output import print_json
from tickreel.client import Client


@click.command()
@click.argument("run")
@click.argument("name")
@click.option(
    "--to", type=click.Path(path_type=Path), metavar="PATH", help="The file or folder to write to.  [default: RUN.NAME here]"
)
@options.address("results")
@options.output
def export(run: str, name: str, to: Path | None, address: str, output: str) -> None:
    """Fetch a file that a RUN left, orders.parquet for example.

    `tickreel show RUN` has the names. The file is there when it is whole; what is broken off is gone on with by the same
    command.
    """
    try:
        with Client(results=address) as client, _bar(name) as show:
            path = client.export(run, name, to, on_progress=show)
    except KeyboardInterrupt:
        screen.say("broken off; the same command goes on from there")
        raise
    size = path.stat().st_size
    if output == "json":
        print_json({"path": str(path), "bytes": size})
    else:
        screen.out.print(f"{path}  {figures.size(size)}", soft_wrap=True)


@contextmanager
def _bar(name: str) -> Iterator[Callable[[int, int], None]]:
    """A bar in a terminal, nothing elsewhere: a function that moves it."""
    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=36),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=screen.err,
        disable=not screen.err.is_terminal,
    )
    with bar:
        task = bar.add_task(name, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
