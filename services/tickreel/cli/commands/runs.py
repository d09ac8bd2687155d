"""`tickreel runs`, `tickreel watch` and `tickreel cancel`: the jobs of the Runner."""

import asyncio
import contextlib

import click

from tickreel.cli import exit_codes, options
from tickreel.cli.display import formatting, screen
from tickreel.cli.display.json_output import print_json
from tickreel.cli.display.progress_display import display
from tickreel.cli.display.run_report import print_report
from tickreel.cli.display.runs_display import RunsDisplay, runs_display, state_text
from tickreel.cli.display.screen import Column
from tickreel.cli.display.verification_report import is_equal, print_verification
from tickreel.cli.listing import Listing, one
from tickreel.cli.watching import RUN, Watch, messages
from tickreel.jobs import job as jobs
from tickreel.rpc.channel import ServiceClient
from tickreel.rpc.message_json import as_json, word
from tickreel.v1 import result_pb2, run_pb2, runner_service_pb2

_LISTING = Listing("runner", "ListRuns", runner_service_pb2.ListRunsRequest, "runs")


@click.group(invoke_without_command=True)
@options.listed("'state = FAILED'", "'created_at'")
@options.address("runner")
@options.output
@click.pass_context
def runs(ctx: click.Context, filter_text: str, order_by: str, limit: int, address: str, output: str) -> None:
    """List or delete the runs of the Runner."""
    if ctx.invoked_subcommand is not None:
        return
    found = asyncio.run(_LISTING.entries(address, limit, filter=filter_text, order_by=order_by))
    if output == "json":
        print_json({"runs": [as_json(entry) for entry in found]})
    elif not found and filter_text:
        screen.out.print(f"No run matches the filter {filter_text}")
    elif not found:
        screen.out.print("There is no run yet. `tickreel run --config FILE --snapshot_mode trades` starts one.")
    else:
        verifying = any(entry.verified_run_id for entry in found)
        screen.print_table(
            Column("run", [entry.run_id for entry in found]),
            Column("state", [state_text(entry) for entry in found]),
            Column("created", [formatting.instant(entry.created_at) for entry in found], optional=True),
            Column("took", [formatting.took(entry.started_at, entry.ended_at) for entry in found], right=True),
            Column("mode", [word(result_pb2.RunMode.DESCRIPTOR, entry.options.mode) for entry in found], optional=True),
            Column("instrument", [entry.instrument for entry in found], optional=True),
            *([Column("verifies", [entry.verified_run_id for entry in found], optional=True)] if verifying else []),
        )


@runs.command()
@click.argument("runs", metavar="RUN...", nargs=-1, required=True)
@options.address("runner")
@options.output
def delete(runs: tuple[str, ...], address: str, output: str) -> None:
    """Delete runs that have ended, and their logs.

    Their results stay; `tickreel results delete` deletes those.
    """
    for run in runs:
        asyncio.run(one("runner", address, "DeleteRun", runner_service_pb2.DeleteRunRequest(run_id=run)))
        screen.say(f"{run} was deleted")
    if output == "json":
        print_json({"deleted": list(runs)})


@click.command()
@click.argument("run", required=False)
@options.address("runner")
@options.output
@click.pass_context
def watch(ctx: click.Context, run: str | None, address: str, output: str) -> None:
    """Watch one run to its end, or all queued and running runs.

    Ctrl-C stops watching; the runs continue. Without a RUN the command watches until Ctrl-C; --output json then prints a line
    of JSON whenever a run changes.
    """
    if run is None:
        asyncio.run(_watch_all(address, runs_display(output)))
    else:
        exit_with(ctx, asyncio.run(_watch(run, address)), output)


@click.command()
@click.argument("run")
@options.address("runner")
@options.output
def cancel(run: str, address: str, output: str) -> None:
    """Cancel a queued or running run."""
    request = runner_service_pb2.CancelRunRequest(run_id=run)
    cancelled = asyncio.run(one("runner", address, "CancelRun", request)).run
    if output == "json":
        print_json(as_json(cancelled))
    else:
        screen.out.print(f"run {run} is {jobs.state_name(cancelled.state).lower()}")


def exit_with(ctx: click.Context, ended: run_pb2.Run, output: str) -> None:
    """Print the report of a run in its final state, and exit with its exit code."""
    code = exit_codes.of_job(ended.state, ended.failure)
    if ended.state != jobs.SUCCEEDED:
        screen.say_ended("run", ended.run_id, ended)
    elif ended.verified_run_id:
        code = code if is_equal(ended.verification) else exit_codes.FAILED
        if output == "json":
            print_json(as_json(ended.verification))
        else:
            print_verification(ended)
    elif output == "json":
        print_json(as_json(ended.result))
    else:
        print_report(ended.result)
    ctx.exit(code)


async def _watch(run_id: str, address: str) -> run_pb2.Run:
    client = ServiceClient("runner", address)
    try:
        # Fail at once if the service is not up: `Watch` would retry.
        await client.call("GetRun", RUN.request("Get", run_id))
        with display() as shown:
            ended: run_pb2.Run = await Watch(client, RUN, run_id, shown).to_end()
            return ended
    finally:
        await client.close()


async def _watch_all(address: str, display: RunsDisplay) -> None:
    client = ServiceClient("runner", address)
    try:
        await client.call("ListRuns", runner_service_pb2.ListRunsRequest(page_size=1))
        with display:
            heard = messages(client, "WatchRuns", runner_service_pb2.WatchRunsRequest(), display.note)
            async with contextlib.aclosing(heard):
                async for response in heard:
                    display.show(response.runs)
    finally:
        await client.close()
