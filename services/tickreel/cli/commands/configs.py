"""`tickreel configs`: the run configs in the configs folder, and their mistakes."""

import asyncio

import click
from rich.text import Text

from tickreel.cli import options
from tickreel.cli.display import formatting, screen
from tickreel.cli.display.json_output import print_json
from tickreel.cli.display.screen import Column
from tickreel.cli.listing import Listing, one
from tickreel.rpc.message_json import as_json
from tickreel.v1 import runner_service_pb2

_LISTING = Listing("runner", "ListConfigs", runner_service_pb2.ListConfigsRequest, "configs")


@click.command()
@click.argument("config", required=False)
@options.limit
@options.address("runner")
@options.output
def configs(config: str | None, limit: int, address: str, output: str) -> None:
    """List the run configs and their mistakes.

    With the id of a CONFIG, print its text and its mistakes.
    """
    if config is None:
        _all(limit, address, output)
    else:
        _one(config, address, output)


def _all(limit: int, address: str, output: str) -> None:
    found = asyncio.run(_LISTING.entries(address, limit))
    if output == "json":
        print_json({"configs": [as_json(entry) for entry in found]})
    elif not found:
        screen.out.print(
            "There is no config yet. Put one into the configs folder as a .json file; docs/BACKTEST_SPEC.md shows one."
        )
    else:
        screen.print_table(
            Column("config", [entry.config_id for entry in found]),
            Column("instrument", [entry.config.instrument.id for entry in found]),
            Column("state", [_state(entry) for entry in found]),
            Column("window", [formatting.window(entry.config.time_window) for entry in found], optional=True),
        )
        for entry in found:
            _print_violations(entry)


def _one(config_id: str, address: str, output: str) -> None:
    request = runner_service_pb2.GetConfigRequest(config_id=config_id)
    config = asyncio.run(one("runner", address, "GetConfig", request)).config
    if output == "json":
        print_json(as_json(config))
        return
    screen.out.print(config.text.rstrip("\n"))
    _print_violations(config)


def _print_violations(config: runner_service_pb2.ConfigFile) -> None:
    if config.violations:
        screen.heading(f"Mistakes in {config.config_id}")
        for violation in config.violations:
            screen.indented(f"{violation.field}: {violation.description}")


def _state(config: runner_service_pb2.ConfigFile) -> Text:
    if config.violations:
        return Text(formatting.plural(config.violation_count, "problem"), style="red")
    return Text("valid", style="green")
