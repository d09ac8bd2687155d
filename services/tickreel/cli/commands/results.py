"""`tickreel results` and `tickreel show`: results of runs, with their notes and tags."""

import asyncio
from typing import Any

import click

from tickreel.cli import exit_codes, options
from tickreel.cli.display import formatting, screen
from tickreel.cli.display.json_output import print_json
from tickreel.cli.display.run_report import print_report
from tickreel.cli.display.screen import Column
from tickreel.cli.listing import Listing, one
from tickreel.rpc.message_json import as_json, word
from tickreel.v1 import result_pb2, results_service_pb2

_LISTING = Listing("results", "ListResults", results_service_pb2.ListResultsRequest, "results")


@click.group(invoke_without_command=True)
@options.listed("'tags:reviewed AND summary.pnl < 0'", "'summary.pnl desc'")
@options.address("results")
@options.output
@click.pass_context
def results(ctx: click.Context, filter_text: str, order_by: str, limit: int, address: str, output: str) -> None:
    """List, annotate or delete the results of finished runs."""
    if ctx.invoked_subcommand is not None:
        return
    found = asyncio.run(_LISTING.entries(address, limit, filter=filter_text, order_by=order_by))
    if output == "json":
        print_json({"results": [as_json(entry) for entry in found]})
    elif not found and filter_text:
        screen.out.print(f"No result matches the filter {filter_text}")
    elif not found:
        screen.out.print("There is no result yet. `tickreel run --config FILE --snapshot_mode trades` makes one.")
    else:
        _print(found)


@results.command()
@click.argument("run")
@click.argument("text")
@options.address("results")
@options.output
def note(run: str, text: str, address: str, output: str) -> None:
    """Replace the notes of a run. An empty TEXT removes them."""
    _update(address, output, run, notes=text, update_mask={"paths": ["notes"]})


@results.command()
@click.argument("run")
@click.argument("tags", nargs=-1, required=True)
@click.option("--remove", is_flag=True, help="Remove the tags.")
@options.address("results")
@options.output
def tag(run: str, tags: tuple[str, ...], remove: bool, address: str, output: str) -> None:
    """Add tags to a run, or remove them."""
    before = asyncio.run(one("results", address, "GetResult", results_service_pb2.GetResultRequest(run_id=run))).result.tags
    after = [tag for tag in before if tag not in tags] if remove else [*before, *tags]
    _update(address, output, run, tags=after, update_mask={"paths": ["tags"]})


@results.command()
@click.argument("runs", metavar="RUN...", nargs=-1, required=True)
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@options.address("results")
@options.output
@click.pass_context
def delete(ctx: click.Context, runs: tuple[str, ...], yes: bool, address: str, output: str) -> None:
    """Delete results of runs for good.

    Their tables, exports, notes and tags are deleted. The runs stay in `tickreel runs`; `tickreel runs delete` deletes those.
    """
    for run in runs:
        result = asyncio.run(
            one("results", address, "GetResult", results_service_pb2.GetResultRequest(run_id=run))
        ).result.result
        mode = word(result_pb2.RunMode.DESCRIPTOR, result.mode)
        if not yes and not click.confirm(f"Delete {run} ({mode}, pnl {result.summary.pnl}) for good?", err=True):
            screen.say(f"{run} was not deleted")
            ctx.exit(exit_codes.CANCELLED)
        asyncio.run(one("results", address, "DeleteResult", results_service_pb2.DeleteResultRequest(run_id=run)))
        screen.say(f"{run} was deleted")
    if output == "json":
        print_json({"deleted": list(runs)})


@click.command()
@click.argument("run")
@options.address("results")
@options.output
def show(run: str, address: str, output: str) -> None:
    """Show the result of a run.

    Prints its figures, findings and digests, and the paths of its files.
    """
    request = results_service_pb2.GetResultRequest(run_id=run)
    entry = asyncio.run(one("results", address, "GetResult", request)).result
    if output == "json":
        print_json(as_json(entry.result))
    else:
        print_report(entry.result)
        _print_noted(entry)


def _update(address: str, output: str, run: str, **fields: Any) -> None:
    request = results_service_pb2.UpdateResultRequest(run_id=run, **fields)
    entry = asyncio.run(one("results", address, "UpdateResult", request)).result
    if output == "json":
        print_json({"run_id": run, "notes": entry.notes, "tags": list(entry.tags)})
    else:
        screen.out.print(run)
        _print_noted(entry)


def _print_noted(entry: result_pb2.NotedResult) -> None:
    if entry.tags:
        screen.heading("Tags")
        screen.indented("  ".join(entry.tags))
    if entry.notes:
        screen.heading("Notes")
        screen.indented(entry.notes)


def _print(entries: list[result_pb2.ResultEntry]) -> None:
    figures = [entry.figures for entry in entries]
    currencies = [found.currency for found in figures]
    # In the header if all rows have the same currency, else in a column.
    unit = f" {currencies[0]}" if len(set(currencies)) == 1 else ""
    screen.print_table(
        Column("run", [entry.run_id for entry in entries]),
        Column("orders", [formatting.count(found.orders) for found in figures], right=True, optional=True),
        Column(f"pnl{unit}", formatting.decimals(found.pnl for found in figures), right=True),
        Column("max drawdown", formatting.decimals(found.max_drawdown for found in figures), right=True),
        *([] if unit else [Column("", currencies)]),
        *([Column("tags", [" ".join(entry.tags) for entry in entries])] if any(entry.tags for entry in entries) else []),
        Column("mode", [word(result_pb2.RunMode.DESCRIPTOR, entry.mode) for entry in entries], optional=True),
        Column("instrument", [entry.instrument for entry in entries], optional=True),
    )
