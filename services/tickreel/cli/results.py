"""`tickreel results` and `show`: what runs found."""

import asyncio

import click

from tickreel.cli import figures, options, screen
from tickreel.cli.json_output import as_json, print_json
from tickreel.cli.listing import Listing, one
from tickreel.cli.report import print_report
from tickreel.v1 import results_service_pb2

_LISTING = Listing("results", "ListResults", results_service_pb2.ListResultsRequest, "results")


@click.command()
@options.limit
@options.address("results")
@options.output
def results(limit: int, address: str, output: str) -> None:
    """Show the results of finished runs, newest first."""
    found = asyncio.run(_LISTING.entries(address, limit))
    if output == "json":
        print_json({"results": [as_json(entry) for entry in found]})
    elif not found:
        screen.out.print("There is no result yet. `tickreel run --config FILE --snapshot_mode trades` makes one.")
    else:
        table = screen.table("run", "mode", "orders", "pnl", "max drawdown", "", right=["orders", "pnl", "max drawdown"])
        summaries = [entry.result.summary for entry in found]
        pnls = figures.decimals(summary.pnl for summary in summaries)
        drawdowns = figures.decimals(summary.max_drawdown for summary in summaries)
        for entry, pnl, drawdown in zip(found, pnls, drawdowns, strict=True):
            result = entry.result
            orders = figures.count(result.summary.orders)
            table.add_row(result.run_id, result.mode, orders, pnl, drawdown, result.metadata.currency)
        screen.out.print(table)


@click.command()
@click.argument("run")
@options.address("results")
@options.output
def show(run: str, address: str, output: str) -> None:
    """Show the result of a RUN: figures, findings, digests, and where its files lie."""
    request = results_service_pb2.GetResultRequest(run_id=run)
    result = asyncio.run(one("results", address, "GetResult", request)).result.result
    if output == "json":
        print_json(as_json(result))
    else:
        print_report(result)
