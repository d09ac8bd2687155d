"""`tickreel sample-data`: synthetic trades and book snapshots in the raw layout."""

from pathlib import Path

import click

from tickreel.cli import options
from tickreel.cli.display import screen
from tickreel.cli.display.json_output import print_json
from tickreel.cli.display.screen import Column
from tickreel.rpc.settings import DATA_ROOT


@click.command("sample-data")
@click.option(
    "--root",
    type=click.Path(path_type=Path, file_okay=False),
    envvar=DATA_ROOT,
    default=Path("data_downloads"),
    show_default=True,
    show_envvar=True,
    help="Data root to write to.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=7, metavar="N", show_default=True, help="The same seed makes the same files."
)
@click.option(
    "--rows", type=click.IntRange(min=1), default=120_000, metavar="N", show_default=True, help="Trades per perpetual."
)
@options.output
def sample_data(root: Path, seed: int, rows: int, output: str) -> None:
    """Generate synthetic data to try Tickreel with.

    Writes trades and book snapshots of two perpetuals and of a spot pair, in the raw layout. The spot pair has a sixth as many
    trades. The data spans midnight. Existing files are skipped.
    """
    try:
        from tickreel.stores.sample_data import SKIPPED, write_sample_data  # noqa: PLC0415 - not in a client's installation
    except ModuleNotFoundError as error:
        raise click.ClickException(f"{error.name} is not installed; `pip install 'tickreel[services]'` installs it") from None
    files: list[tuple[Path, str]] = []
    write_sample_data(root, seed, rows, lambda path, state: files.append((path, state)))
    if output == "json":
        print_json({"root": str(root), "files": [{"path": str(path), "state": state} for path, state in files]})
        return
    screen.print_table(
        Column("dataset", [path.parent.parent.name for path, _ in files]),
        Column("instrument", [path.stem for path, _ in files]),
        Column("data", [path.parent.name.removeprefix("data_type-") for path, _ in files]),
        Column("", [state for _, state in files]),
    )
    skipped = sum(state == SKIPPED for _, state in files)
    nothing = "; nothing was written" if skipped == len(files) else ""
    screen.out.print(f"The sample data is in {root}{nothing}.")
