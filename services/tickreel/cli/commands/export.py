"""`tickreel export`: a table of a run as a file, fetched from the results service."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from tickreel.cli import options
from tickreel.cli.display import formatting, screen
from tickreel.cli.display.json_output import print_json
from tickreel.client import Client


@click.command()
@click.argument("run")
@click.argument("table")
@click.option(
    "--format", "form", type=click.Choice(["json", "csv", "parquet"]), help="The form of the file.  [default: parquet]"
)
@click.option(
    "--to",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="The file or folder to write to.  [default: RUN.NAME here]",
)
@options.address("results")
@options.output
def export(run: str, table: str, form: str | None, to: Path | None, address: str, output: str) -> None:
    """Fetch a TABLE of a RUN as a file: summary, orders, fills, timeline, equity or ticks.

    orders.csv says as much as orders --format csv. The file is there when it is whole; what is broken off is gone on with by
    the same command.
    """
    name = table if "." in table else f"{table}.{form or 'parquet'}"
    if form and not name.endswith(f".{form}"):
        raise click.UsageError(f"{table} is no {form}; say {table.partition('.')[0]} --format {form}")
    try:
        with Client(results=address) as client, _bars(name) as (making, fetching):
            path = client.export(run, name, to, on_making=making, on_progress=fetching)
    except KeyboardInterrupt:
        screen.say("broken off; the same command goes on from there")
        raise
    size = path.stat().st_size
    if output == "json":
        print_json({"path": str(path), "bytes": size})
    else:
        screen.out.print(f"{path}  {formatting.size(size)}", soft_wrap=True)


type _Show = Callable[[int, int], None]


@contextmanager
def _bars(name: str) -> Iterator[tuple[_Show, _Show]]:
    """Bars in a terminal, nothing elsewhere: functions that move that of the making, in rows, and that of the fetching."""
    bar = (TextColumn("{task.description}", markup=False), BarColumn(bar_width=36))
    is_hidden = not screen.err.is_terminal
    making = Progress(
        *bar,
        TextColumn("{task.completed:,} / {task.total:,} rows"),
        TimeRemainingColumn(),
        console=screen.err,
        disable=is_hidden,
    )
    fetching = Progress(
        *bar, DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn(), console=screen.err, disable=is_hidden
    )

    def show(bars: Progress, description: str) -> _Show:
        task = None

        def move(done: int, total: int) -> None:
            nonlocal task
            if task is None:
                # One at a time is on the terminal.
                making.stop()
                bars.start()
                task = bars.add_task(description, total=total)
            bars.update(task, completed=done, total=total)

        return move

    try:
        yield show(making, f"making {name}"), show(fetching, name)
    finally:
        making.stop()
        fetching.stop()
