"""`tickreel strategies`: what a config can name as its strategy."""

import asyncio

import click

from tickreel.cli import options, screen
from tickreel.cli.json_output import as_json, print_json
from tickreel.cli.listing import Listing
from tickreel.cli.screen import Column
from tickreel.v1 import runner_service_pb2

_LISTING = Listing("runner", "ListStrategies", runner_service_pb2.ListStrategiesRequest, "strategies")


@click.command()
@options.limit
@options.address("runner")
@options.output
def strategies(limit: int, address: str, output: str) -> None:
    """Show the strategies that a config can name."""
    found = asyncio.run(_LISTING.entries(address, limit))
    if output == "json":
        print_json({"strategies": [as_json(entry) for entry in found]})
        return
    screen.print_table(
        Column("strategy", [entry.strategy_id for entry in found]),
        Column("submission modes", [", ".join(entry.submission_modes) for entry in found]),
        Column("package", [entry.package for entry in found]),
    )
    for entry in found:
        screen.heading(entry.strategy_id)
        screen.indented(entry.description)
