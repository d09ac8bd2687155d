"""`tickreel results` and `show`: what runs found."""

import asyncio

import click

from tickreel.cli import figures, options, screen
from tickreel.cli.json_output import as_json, print_json
from tickreel.cli.listing import Listing, one
from tickreel.cli.report import print_report
from tickreel.cli.screen import Column
from tickreel.v1 import result_pb2, results_service_pb2

_LISTING = Listing("results", "ListResults", results_service_pb2.ListResultsRequest, "results")


@click.command()
@options.listed("'mode = full AND summary.pnl < 0'", "'summary.pnl desc'")
@options.address("results")
@options.output
def results(filter_text: str, order_by: str, limit: int, address: str, output: str) -> None:
    """Show the results of finished runs."""
    found = asyncio.run(_LISTING.entries(address, limit, filter=filter_text, order_by=order_by))
    if output == "json":
        print_json({"results": [as_json(entry) for entry in found]})
    elif not found and filter_text:
        screen.out.print(f"No result passes {filter_text}")
    elif not found:
        screen.out.print("There is no result yet. `tickreel run --config FILE --snapshot_mode trades` makes one.")
    else:
        _print([entry.result for entry in found])


@click.command()
@click.argument("run")
@options.address("results")
@options.output
def show(run: str, address: str, output: str) -> None:
    """Show what a RUN found.

    Figures, findings, digests, and where its files lie.
    """
    request = results_service_pb2.GetResultRequest(run_id=run)
    result = asyncio.run(one("results", address, "GetResult", request)).result.result
    if output == "json":
        print_json(as_json(result))
    else:
        print_report(result)


def _print(found: list[result_pb2.Result]) -> None:
    currencies = [result.metadata.currency for result in found]
    # Said once where it is one.
    unit = f" {currencies[0]}" if len(set(currencies)) == 1 else ""
    pnl = figures.decimals(result.summary.pnl for result in found)
    drawdown = figures.decimals(result.summary.max_drawdown for result in found)
    screen.print_table(
        Column("run", [result.run_id for result in found]),
        Column("orders", [figures.count(result.summary.orders) for result in found], right=True, optional=True),
        Column(f"pnl{unit}", pnl, right=True),
        Column("max drawdown", drawdown, right=True),
        *([] if unit else [Column("", currencies)]),
        Column("mode", [result.mode for result in found], optional=True),
        Column("instrument", [result.instrument for result in found], optional=True),
    )
