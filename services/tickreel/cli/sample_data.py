"""`tickreel sample-data`: made-up trades in the raw layout."""

from pathlib import Path

import click

from tickreel.cli import figures, options, screen
from tickreel.cli.json_output import print_json
from tickreel.cli.report import shown_path
from tickreel.rpc.settings import DATA_ROOT


@click.command("sample-data")
@click.option(
    "--root",
    type=click.Path(path_type=Path, file_okay=False),
    envvar=DATA_ROOT,
    default=Path("data_downloads"),
    show_default=True,
    show_envvar=True,
    help="The data root to write below.",
)
@click.option("--seed", type=click.IntRange(min=0), default=7, show_default=True, help="The same seed makes the same files.")
@click.option("--rows", type=click.IntRange(min=1), default=120_000, show_default=True, help="Rows of each instrument.")
@options.output
def sample_data(root: Path, seed: int, rows: int, output: str) -> None:
    """Make up trades of two instruments over midnight, for trying Tickreel without a recording.

    Files that are there already are left alone.
    """
    try:
        from tickreel.stores.sample_data import SKIPPED, write_sample_data  # noqa: PLC0415 - not in a client's installation
    except ModuleNotFoundError as error:
        raise click.ClickException(f"{error.name} is not installed; this needs tickreel[services]") from None
    progress: list[tuple[str, str]] = []
    write_sample_data(root, seed, rows, lambda path, what: progress.append((str(path), what)))
    if output == "json":
        print_json({"root": str(root), "files": [{"path": path, "state": what} for path, what in progress]})
        return
    table = screen.table("sample file", "")
    for path, what in progress:
        table.add_row(shown_path(path), what)
    screen.out.print(table)
    skipped = sum(what == SKIPPED for _, what in progress)
    if skipped == len(progress):
        screen.out.print(f"All {figures.plural(skipped, 'file')} were there already; nothing was written.")
