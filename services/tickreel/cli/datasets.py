"""`tickreel datasets`: what raw data there is."""

import asyncio
from collections.abc import Iterable

import click
from rich.text import Text

from tickreel.cli import figures, options, screen
from tickreel.cli.json_output import as_json, print_json
from tickreel.cli.listing import Listing, one
from tickreel.v1 import catalog_service_pb2, market_data_pb2

_LISTING = Listing("catalog", "ListDatasets", catalog_service_pb2.ListDatasetsRequest, "datasets")


@click.command()
@click.argument("dataset", required=False)
@options.limit
@options.address("catalog")
@options.output
def datasets(dataset: str | None, limit: int, address: str, output: str) -> None:
    """Show the day folders of raw data, or the files of one DATASET."""
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
            "There is no raw data yet. `tickreel sample-data` makes some; data_downloads/README.md says how to lay out yours."
        )
    else:
        table = screen.table("dataset", "instruments", "data", "rows", "size", "warnings", right=["rows", "size", "warnings"])
        for entry in found:
            table.add_row(
                entry.dataset_id,
                "\n".join(entry.instruments),
                ", ".join(_data_type(data_type) for data_type in entry.data_types),
                figures.count(entry.rows),
                figures.size(entry.size_bytes),
                str(len(entry.warnings)) if entry.warnings else "",
            )
        screen.out.print(table)
        _print_warnings(found)


def _one(dataset_id: str, address: str, output: str) -> None:
    request = catalog_service_pb2.GetDatasetRequest(dataset_id=dataset_id)
    dataset = asyncio.run(one("catalog", address, "GetDataset", request)).dataset
    if output == "json":
        print_json(as_json(dataset))
        return
    table = screen.table("file", "data", "rows", "size", "first → last", right=["rows", "size"])
    for file in dataset.files:
        span = figures.window(file.span)
        table.add_row(
            file.instrument, _data_type(file.data_type), figures.count(file.rows), figures.size(file.size_bytes), span
        )
    screen.out.print(Text(dataset.dataset_id, style="bold"))
    screen.out.print(table)
    _print_warnings([dataset])
    for file in dataset.files:
        screen.print_findings(file.warnings, file.instrument)


def _print_warnings(found: Iterable[catalog_service_pb2.Dataset]) -> None:
    for entry in found:
        screen.print_findings(entry.warnings, entry.dataset_id)


def _data_type(data_type: market_data_pb2.DataType) -> str:
    return market_data_pb2.DataType.Name(data_type).removeprefix("DATA_TYPE_").lower()
