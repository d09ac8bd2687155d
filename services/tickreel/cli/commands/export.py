"""`tickreel export`: download a table of a run as a file from the results service."""

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
@click.option("--format", "form", type=click.Choice(["json", "csv", "parquet"]), help="Format of the file.  [default: parquet]")
@click.option(
    "--to",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="File or folder to write to.  [default: RUN.TABLE.FORMAT in this folder]",
)
@options.address("results")
@options.output
def export(run: str, table: str, form: str | None, to: Path | None, address: str, output: str) -> None:
    """Download a table of a run as JSON, CSV or Parquet.

    TABLE is summary, orders, order_updates, fills, positions, timeline, equity or ticks. `orders.csv` means the same as
    `orders --format csv`. The file appears once it is complete. If the download is interrupted, repeat the command: it resumes.
    """
    name = table if "." in table else f"{table}.{form or 'parquet'}"
    if form and not name.endswith(f".{form}"):
        raise click.UsageError(f"{table} and --format {form} differ; use {table.partition('.')[0]} --format {form}")
    try:
        with Client(results=address) as client, _bars(name) as (making, fetching):
            path = client.export(run, name, to, on_making=making, on_progress=fetching)
    except KeyboardInterrupt:
        screen.say("interrupted; repeat the command to resume the download")
        raise
    size = path.stat().st_size
    if output == "json":
        print_json({"path": str(path), "bytes": size})
    else:
        screen.out.print(f"{path}  {formatting.size(size)}", soft_wrap=True)


type _Show = Callable[[int, int], None]


@contextmanager
def _bars(name: str) -> Iterator[tuple[_Show, _Show]]:
    """Show progress bars while the context is open, in a terminal only.

    Yields two functions that take (done, total). The first moves the bar of the rows that the service has written to the file.
    The second moves the bar of the bytes downloaded.
    """
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
                # rich shows one live display at a time.
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
