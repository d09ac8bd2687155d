"""`tickreel strategies`: the strategies that a config can name."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import click

from tickreel.cli import options
from tickreel.cli.display import screen
from tickreel.cli.display.json_output import print_json
from tickreel.cli.display.screen import Column
from tickreel.cli.listing import Listing, one
from tickreel.rpc.json_struct import values_of
from tickreel.rpc.message_json import as_json
from tickreel.v1 import runner_service_pb2

_SIGNS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}

_LISTING = Listing("runner", "ListStrategies", runner_service_pb2.ListStrategiesRequest, "strategies")


@click.command()
@options.limit
@options.address("runner")
@options.output
def strategies(limit: int, address: str, output: str) -> None:
    """List the strategies and their parameters."""
    found, refused = asyncio.run(_listed(address, limit))
    if output == "json":
        print_json({"strategies": [as_json(entry) for entry in found], "refused": [as_json(entry) for entry in refused]})
        return
    screen.print_table(
        Column("strategy", [entry.strategy_id for entry in found]),
        Column("submission modes", [", ".join(entry.submission_modes) or "none" for entry in found]),
        Column("package", [entry.package for entry in found]),
    )
    for entry in found:
        screen.heading(entry.strategy_id)
        screen.indented(entry.description)
        _print_parameters(values_of(entry.parameters_schema))
    if refused:
        screen.heading("Cannot be used")
        for other in refused:
            screen.indented(f"{other.strategy_id}: {other.problem}")


async def _listed(
    address: str, limit: int
) -> tuple[list[runner_service_pb2.Strategy], list[runner_service_pb2.RefusedStrategy]]:
    """Return the strategies, and those that cannot be used."""
    first = await one("runner", address, "ListStrategies", runner_service_pb2.ListStrategiesRequest(page_size=1))
    return await _LISTING.entries(address, limit), list(first.refused)


def _print_parameters(schema: Mapping[str, Any]) -> None:
    properties = schema.get("properties", {})
    if not properties:
        return
    required = schema.get("required", [])
    defaults = (
        json.dumps(part["default"]) if "default" in part else "required" if name in required else ""
        for name, part in properties.items()
    )
    screen.out.print()
    screen.print_table(
        Column("  parameter", [f"  {name}" for name in properties]),
        Column("is", [_kind(part) for part in properties.values()]),
        Column("default", list(defaults)),
        Column("", [part.get("description", "") for part in properties.values()], optional=True),
    )


def _kind(schema: Mapping[str, Any]) -> str:
    """Return the type of a parameter and its bounds or choices: `integer ≥ 1`, `buy | sell`."""
    if "enum" in schema:
        return " | ".join(member if isinstance(member, str) else json.dumps(member) for member in schema["enum"])
    bounds = [f"{sign} {schema[keyword]}" for keyword, sign in _SIGNS.items() if keyword in schema]
    return ", ".join([" ".join([schema["type"], *bounds[:1]]), *bounds[1:]])
