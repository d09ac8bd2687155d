"""`tickreel instruments`: the instruments and files in the catalog."""

import asyncio

import click
from rich.text import Text

from tickreel.cli import options
from tickreel.cli.display import formatting, screen
from tickreel.cli.display.json_output import print_json
from tickreel.cli.display.screen import Column
from tickreel.cli.listing import Listing
from tickreel.rpc.message_json import as_json
from tickreel.v1 import catalog_service_pb2
from tickreel.v1.catalog_service_pb2 import FRESHNESS_FRESH, FRESHNESS_ORPHANED, FRESHNESS_STALE

_INSTRUMENTS = Listing("catalog", "ListInstruments", catalog_service_pb2.ListInstrumentsRequest, "instruments")
_COVERAGE = Listing("catalog", "GetCoverage", catalog_service_pb2.GetCoverageRequest, "intervals")
_STATES = {
    FRESHNESS_FRESH: ("fresh", "green"),
    FRESHNESS_STALE: ("stale", "yellow"),
    FRESHNESS_ORPHANED: ("raw file gone", "yellow"),
}


@click.command()
@click.argument("instrument", required=False)
@options.limit
@options.address("catalog")
@options.output
def instruments(instrument: str | None, limit: int, address: str, output: str) -> None:
    """List the converted instruments.

    With an INSTRUMENT (the engine's id or the raw name), list its files, with the gap before each. A file is fresh if a
    conversion today would make the same file.
    """
    if instrument is None:
        _all(limit, address, output)
    else:
        _one(instrument, address, output)


def _all(limit: int, address: str, output: str) -> None:
    found = asyncio.run(_INSTRUMENTS.entries(address, limit))
    if output == "json":
        print_json({"instruments": [as_json(entry) for entry in found]})
    elif not found:
        screen.out.print(
            "The catalog is empty. `tickreel run` converts the files that it needs; `tickreel convert` does it in advance."
        )
    else:
        screen.print_table(
            Column("instrument", [entry.instrument_id for entry in found]),
            Column("raw name", [entry.raw_name for entry in found]),
            Column("data", [formatting.data_types(entry.data_types) for entry in found]),
            Column("files", [formatting.count(entry.files) for entry in found], right=True),
            Column("rows", [formatting.count(entry.rows) for entry in found], right=True),
            Column("decimals", ["\n".join(map(_decimals, entry.decimals)) for entry in found]),
            Column("first → last", [formatting.window(entry.span) for entry in found], optional=True),
        )


def _one(instrument: str, address: str, output: str) -> None:
    found = asyncio.run(_COVERAGE.entries(address, None, instrument_id=instrument))
    if output == "json":
        print_json({"intervals": [as_json(interval) for interval in found]})
        return
    screen.print_table(
        Column("data", [formatting.data_type(interval.data_type) for interval in found]),
        Column("decimals", [_decimals(interval) for interval in found]),
        Column("rows", [formatting.count(interval.rows) for interval in found], right=True),
        Column("first → last", [formatting.window(interval.span) for interval in found]),
        Column(
            "gap", [formatting.seconds(interval.gap_seconds) * bool(interval.gap_seconds) for interval in found], right=True
        ),
        Column("state", [Text(*_STATES[interval.freshness]) for interval in found]),
        Column("raw file", [interval.source for interval in found], optional=True),
    )


def _decimals(counts: catalog_service_pb2.Decimals | catalog_service_pb2.CoverageInterval) -> str:
    return f"{counts.price_precision} / {counts.size_precision}"
