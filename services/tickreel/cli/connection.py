"""The connection of a command: to a running service, or to one started for the command."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tickreel.cli.display import screen
from tickreel.cli.supervision.health import is_serving
from tickreel.cli.supervision.own_services import environment_for, one_run_services
from tickreel.cli.supervision.services import Services
from tickreel.rpc.channel import ServiceClient
from tickreel.rpc.settings import default_address


@dataclass(frozen=True)
class Connection:
    """A client of a service, and the config to send to it.

    Attributes:
        document: The config. If the services were started for this command, its environment block has their environment.
    """

    client: ServiceClient
    document: dict[str, Any]
    _own: Services | None = None

    async def guard[T](self, work: Coroutine[Any, Any, T]) -> T:
        """Await the work, or fail as soon as a service that was started for this command dies.

        Raises:
            TickreelError: A service died; the message has the last lines of its log.
        """
        if self._own is None:
            return await work
        working = asyncio.create_task(work)
        dying = asyncio.create_task(self._own.first_death())
        try:
            await asyncio.wait({working, dying}, return_when=asyncio.FIRST_COMPLETED)
            if dying.done() and not working.done():
                raise dying.result()
            return await working
        finally:
            working.cancel()
            dying.cancel()


@asynccontextmanager
async def connect(
    service: str, needs: tuple[str, ...], address: str | None, document: dict[str, Any], *, standalone: bool
) -> AsyncIterator[Connection]:
    """Connect to a service: at the given address, else at the gateway if the service is up, else start the service.

    Args:
        needs: The services to start if none is up, in order; `service` is the last.
        standalone: Whether to start services even if others are up.

    Raises:
        TickreelError: A service did not start, or the environment lacks a variable that it needs.
    """
    if standalone:
        address = None
    elif address is None and await is_serving(service, default_address("gateway")):
        address = default_address("gateway")
        screen.say(f"using the {service} service at {address}")
    if address is not None:
        client = ServiceClient(service, address)
        try:
            yield Connection(client, document)
        finally:
            await client.close()
        return
    environ, document = environment_for(document)
    async with one_run_services(needs, environ) as services:
        client = ServiceClient(service, services.addresses[service])
        try:
            yield Connection(client, document, services)
        finally:
            # Close before the services stop: they would wait for the watcher to hang up.
            await client.close()
