"""`tickreel verify`: execute a finished run again and compare the two."""

import asyncio
import os
import uuid
from pathlib import Path
from typing import Any

import click

from tickreel.cli import options
from tickreel.cli.commands.run import CREATE_SECONDS
from tickreel.cli.commands.runs import exit_with
from tickreel.cli.connection import connect
from tickreel.cli.display import screen
from tickreel.cli.display.progress_display import display
from tickreel.cli.interrupts import Interrupts
from tickreel.cli.watching import RUN, Watch
from tickreel.rpc.errors import TickreelError
from tickreel.rpc.settings import DEFAULT_RESULTS, DEFAULT_TICKDATA, USE_PARQUET, parse_switch
from tickreel.v1 import run_pb2, runner_service_pb2


@click.command()
@click.argument("run")
@options.address_or_own("runner")
@options.output
@click.pass_context
def verify(ctx: click.Context, run: str, address: str | None, standalone: bool, output: str) -> None:
    """Execute a finished run again and compare the outcome.

    Compares every order, every fill and the account. The result of the run stays unchanged. Ctrl-C cancels. Exit code: 0
    equal, 1 different or failed, 2 refused, 130 cancelled.
    """
    exit_with(ctx, asyncio.run(_verify(run, address, standalone=standalone)), output)


async def _verify(run_id: str, address: str | None, *, standalone: bool) -> run_pb2.Run:
    """Return the verifying run in its final state."""
    environment, unknown = _recorded_environment(run_id)
    try:
        with Interrupts() as interrupts:
            needs, document = ("converter", "runner"), {"environment": environment}
            async with connect("runner", needs, address, document, standalone=standalone) as connection:
                request = runner_service_pb2.VerifyRunRequest(request_id=str(uuid.uuid4()), run_id=run_id)
                interrupts.check()
                with screen.busy("checking the result and the data"):
                    response = await connection.guard(connection.client.call("VerifyRun", request, timeout=CREATE_SECONDS))
                with display() as shown:
                    watch = Watch(connection.client, RUN, response.run.run_id, shown)
                    return await connection.guard(watch.to_end_or_cancelled(interrupts))
    except TickreelError as error:
        # Services started for this command take their environment from the result. If it was not found, that is the cause.
        if error.reason == "ENVIRONMENT_MISMATCH" and unknown is not None:
            raise unknown from None
        raise


def _recorded_environment(run_id: str) -> tuple[dict[str, Any], TickreelError | None]:
    """Return the environment block that a run was executed with.

    If the result is not on this machine, return an empty block and the error.
    """
    from tickreel.stores.results import ResultStore  # noqa: PLC0415 - slow to import, and used only here

    roots = (("TICKREEL_RESULTS_PATH", DEFAULT_RESULTS), ("TICKREEL_TICKDATA_PATH", DEFAULT_TICKDATA))
    store = ResultStore(*(Path(os.environ.get(name) or default) for name, default in roots))
    try:
        environment = dict(store.load(store.find(run_id)).metadata.environment)
    except TickreelError as error:
        return {}, error
    return environment | {USE_PARQUET: parse_switch(environment.get(USE_PARQUET, "true"))}, None
