"""`tickreel verify`: a finished run is executed again, and compared."""

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
    """Execute a finished RUN again, and compare every order, every fill and the account.

    Its result stays as it is. Ctrl-C cancels. Ends with 0 when both are equal, 1 when they differ or the execution failed, 2
    when refused, 130 when cancelled.
    """
    exit_with(ctx, asyncio.run(_verify(run, address, standalone=standalone)), output)


async def _verify(run_id: str, address: str | None, *, standalone: bool) -> run_pb2.Run:
    """The run that verified, as it ended."""
    environment, unknown = _made_under(run_id)
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
        # Where services are started for this, it is the result that says with what.
        if error.reason == "ENVIRONMENT_MISMATCH" and unknown is not None:
            raise unknown from None
        raise


def _made_under(run_id: str) -> tuple[dict[str, Any], TickreelError | None]:
    """The variables that a run was made under, as a config has them; none, and why, where its result is not here."""
    from tickreel.stores.results import ResultStore  # noqa: PLC0415 - what a client has no other use for

    roots = (("TICKREEL_RESULTS_PATH", DEFAULT_RESULTS), ("TICKREEL_TICKDATA_PATH", DEFAULT_TICKDATA))
    store = ResultStore(*(Path(os.environ.get(name) or default) for name, default in roots))
    try:
        environment = dict(store.load(store.find(run_id)).metadata.environment)
    except TickreelError as error:
        return {}, error
    return environment | {USE_PARQUET: parse_switch(environment.get(USE_PARQUET, "true"))}, None
