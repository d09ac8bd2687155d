"""`tickreel datasets`: the day folders of raw data."""

import asyncio
from collections.abc import Iterable

import click
from rich.text import Text

from tickreel.cli import options
from tickreel.cli.display import formatting, screen
from tickreel.cli.display.json_output import print_json
from tickreel.cli.display.screen import Column
from tickreel.cli.listing import Listing, one
from tickreel.rpc.message_json import as_json
from tickreel.v1 import catalog_service_pb2

_LISTING = Listing("catalog", "ListDatasets", catalog_service_pb2.ListDatasetsRequest, "datasets")


@click.command()
@click.argument("dataset", required=False)
@options.limit
@options.address("catalog")
@options.output
def datasets(dataset: str | None, limit: int, address: str, output: str) -> None:
    """List the day folders of raw data.

    With a DATASET, e.g. day-2024-07-18, list its files.
    """
    if dataset is None:
        _all(limit, address, output)
    else:
        _one(dataset, address, output)


def _all(limit: int, address: str, output: str) -> None:
    found = asyncio.run(_LISTING.entries(address, limit))
    if output == "json":
        print_json({"datasets": [as_json(entry) for entry in found]})
    elif not found:
        screen.out.print(
            "There is no raw data yet. `tickreel sample-data` makes some; data_downloads/README.md describes the layout."
        )
    else:
        screen.print_table(
            Column("dataset", [entry.dataset_id for entry in found]),
            Column("instruments", ["\n".join(entry.instruments) for entry in found]),
            Column("data", [formatting.data_types(entry.data_types) for entry in found]),
            Column("rows", [formatting.count(entry.rows) for entry in found], right=True),
            Column("size", [formatting.size(entry.size_bytes) for entry in found], right=True),
            Column("first → last", [formatting.window(entry.span, entry.date) for entry in found], optional=True),
        )
        _print_warnings(found)


def _one(dataset_id: str, address: str, output: str) -> None:
    request = catalog_service_pb2.GetDatasetRequest(dataset_id=dataset_id)
    dataset = asyncio.run(one("catalog", address, "GetDataset", request)).dataset
    if output == "json":
        print_json(as_json(dataset))
        return
    files = dataset.files
    screen.out.print(Text(dataset.dataset_id, style="bold"))
    screen.print_table(
        Column("file", [file.instrument for file in files]),
        Column("data", [formatting.data_type(file.data_type) for file in files]),
        Column("rows", [formatting.count(file.rows) for file in files], right=True),
        Column("size", [formatting.size(file.size_bytes) for file in files], right=True),
        Column("first → last", [formatting.window(file.span, dataset.date) for file in files]),
    )
    _print_warnings([dataset])
    for file in dataset.files:
        screen.print_findings(file.warnings, file.instrument)


def _print_warnings(found: Iterable[catalog_service_pb2.Dataset]) -> None:
    for entry in found:
        screen.print_findings(entry.warnings, entry.dataset_id)
