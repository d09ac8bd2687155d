"""A second client beside faults: its valid calls, direct and through the gateway, and whether one failed by another's fault."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import grpc

from tickreel.v1 import catalog_service_pb2, converter_service_pb2, results_service_pb2, runner_service_pb2

CALLS: Mapping[str, tuple[str, Any]] = {
    "catalog": ("ListDatasets", catalog_service_pb2.ListDatasetsRequest()),
    "converter": ("ListConversions", converter_service_pb2.ListConversionsRequest(page_size=20)),
    "runner": ("ListRuns", runner_service_pb2.ListRunsRequest(page_size=20)),
    "results": ("ListResults", results_service_pb2.ListResultsRequest(page_size=20)),
}
ROUTES = ("direct", "gateway")
# What a call may get whose own service, or the gateway before it, is away. gRPC says CANCELLED to a call that comes to a server
# just when that stops in good order.
AWAY = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED")
DEADLINE = 20.0


class Outages:
    """Which processes are away by a fault that was made, and how often each has been."""

    def __init__(self) -> None:
        self._away: Counter[str] = Counter()
        self._begun: Counter[str] = Counter()

    def begin(self, name: str) -> None:
        """A process is killed or stopped."""
        self._away[name] += 1
        self._begun[name] += 1

    def end(self, name: str) -> None:
        """It serves again."""
        self._away[name] -= 1

    def of(self, names: Iterable[str]) -> tuple[bool, int]:
        """Whether one of the processes is away, and how often all of them have been."""
        wanted = list(names)
        return any(self._away[name] for name in wanted), sum(self._begun[name] for name in wanted)


class Neighbour:
    """The second client.

    Attributes:
        codes: How often each (service, route, code) came.
        hurt: The calls that failed although what they called was there all the while.
    """

    def __init__(self, addresses: Mapping[str, str], outages: Outages) -> None:
        self.codes: Counter[tuple[str, str, str]] = Counter()
        self.hurt: list[str] = []
        self._addresses = addresses
        self._outages = outages

    @asynccontextmanager
    async def around(self) -> AsyncIterator[None]:
        """Calls as long as the context is open."""
        calling = [asyncio.create_task(self._call(service, route)) for service in CALLS for route in ROUTES]
        try:
            yield
        finally:
            for task in calling:
                task.cancel()
            for ended in await asyncio.gather(*calling, return_exceptions=True):
                assert isinstance(ended, asyncio.CancelledError), ended

    async def answered(self, count: int, away: str) -> None:
        """Waits until so many calls were answered whose way does not lead through a process."""
        wanted = self._answers(away) + count
        while self._answers(away) < wanted:  # noqa: ASYNC110 - a client that is told of nothing
            await asyncio.sleep(0.02)

    def _answers(self, away: str) -> int:
        return sum(n for (service, route, code), n in self.codes.items() if code == "OK" and away not in (service, route))

    async def _call(self, service: str, route: str) -> None:
        method, request = CALLS[service]
        on_the_way = (service, "gateway") if route == "gateway" else (service,)
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.max_reconnect_backoff_ms", 500)]
        address = self._addresses["gateway" if route == "gateway" else service]
        async with grpc.aio.insecure_channel(address, options=options) as channel:
            # A channel tries again only after a while: what it tells until then is of the outage that it met.
            is_lost = False
            path = f"/tickreel.v1.{service.capitalize()}Service/{method}"
            while True:
                was_away, before = self._outages.of(on_the_way)
                try:
                    await channel.unary_unary(path)(request.SerializeToString(), timeout=DEADLINE)
                    code, is_lost = "OK", False
                except grpc.aio.AioRpcError as error:
                    code = error.code().name
                    is_away, after = self._outages.of(on_the_way)
                    is_lost = code in AWAY and (is_lost or was_away or is_away or after > before)
                    if not is_lost:
                        self.hurt.append(f"{service}, {route}: {code} {error.details()}")
                self.codes[service, route, code] += 1
                await asyncio.sleep(0.1)
