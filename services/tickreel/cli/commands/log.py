"""`tickreel log`: the output of a run's process."""

import asyncio
from collections.abc import Callable

import click

from tickreel.cli import options
from tickreel.cli.display.json_output import print_json
from tickreel.rpc.channel import ServiceClient
from tickreel.v1 import runner_service_pb2


@click.command()
@click.argument("run")
@click.option("--follow", is_flag=True, help="Keep printing until the run ends.")
@options.address("runner")
@options.output
def log(run: str, follow: bool, address: str, output: str) -> None:
    """Print the log of a run.

    The log is the output of the run's process, with everything that its strategy printed.
    """
    if output == "json":
        parts: list[str] = []
        asyncio.run(_read(run, address, parts.append, follow=follow))
        print_json({"run_id": run, "log": "".join(parts)})
    else:
        asyncio.run(_read(run, address, lambda text: click.echo(text, nl=False), follow=follow))


async def _read(run_id: str, address: str, write: Callable[[str], object], *, follow: bool) -> None:
    client = ServiceClient("runner", address)
    try:
        request = runner_service_pb2.StreamRunLogRequest(run_id=run_id, follow=follow)
        async for response in client.stream("StreamRunLog", request):
            write(response.text)
    finally:
        await client.close()
