"""The service that a command talks to: one that is up, or one of the command's own."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping
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
    """A client of a service.

    `document` is the config that the service may be asked to run: where it was started for the command, its environment block
    says what the service runs with.
    """

    client: ServiceClient
    document: Mapping[str, Any]
    _own: Services | None = None

    async def guard[T](self, work: Coroutine[Any, Any, T]) -> T:
        """Does the work, unless a service that was started for it dies meanwhile.

        Raises:
            TickreelError: Which service died, with the last lines of its log.
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
    service: str, needs: tuple[str, ...], address: str | None, document: Mapping[str, Any], *, standalone: bool
) -> AsyncIterator[Connection]:
    """Connects to a service: at the address if one is given, at the gateway if it serves there, else started here.

    Args:
        needs: What is started where none is up, in order; the service itself is the last.
        standalone: Start services whatever is up.

    Raises:
        TickreelError: The services could not be started, or the environment lacks what they need.
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
            # Before the services stop: they would wait for a watcher to hang up.
            await client.close()
