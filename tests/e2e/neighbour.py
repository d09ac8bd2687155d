"""A second client that makes valid calls during faults, directly and through the gateway.

It records each call that failed although the processes on its route were up.
"""

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
# Codes that a call may get while its service, or the gateway before it, is down. gRPC answers CANCELLED to a call that reaches
# a server during its graceful stop.
AWAY = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED")
DEADLINE = 20.0


class Outages:
    """The processes that are down by an injected fault, and the number of outages of each."""

    def __init__(self) -> None:
        self._away: Counter[str] = Counter()
        self._begun: Counter[str] = Counter()

    def begin(self, name: str) -> None:
        """Record that a process is killed or suspended."""
        self._away[name] += 1
        self._begun[name] += 1

    def end(self, name: str) -> None:
        """Record that a process serves again."""
        self._away[name] -= 1

    def of(self, names: Iterable[str]) -> tuple[bool, int]:
        """Return whether one of the processes is down, and the number of their outages."""
        wanted = list(names)
        return any(self._away[name] for name in wanted), sum(self._begun[name] for name in wanted)


class Neighbour:
    """The second client.

    Attributes:
        codes: The number of calls by (service, route, code).
        hurt: The calls that failed although no process on their route was down.
    """

    def __init__(self, addresses: Mapping[str, str], outages: Outages) -> None:
        self.codes: Counter[tuple[str, str, str]] = Counter()
        self.hurt: list[str] = []
        self._addresses = addresses
        self._outages = outages

    @asynccontextmanager
    async def around(self) -> AsyncIterator[None]:
        """Make calls while the context is open."""
        calling = [asyncio.create_task(self._call(service, route)) for service in CALLS for route in ROUTES]
        try:
            yield
        finally:
            for task in calling:
                task.cancel()
            for ended in await asyncio.gather(*calling, return_exceptions=True):
                assert isinstance(ended, asyncio.CancelledError), ended

    async def answered(self, count: int, away: str) -> None:
        """Wait for `count` successful calls whose route does not include the process `away`."""
        wanted = self._answers(away) + count
        while self._answers(away) < wanted:  # noqa: ASYNC110 - no event to wait for
            await asyncio.sleep(0.02)

    def _answers(self, away: str) -> int:
        return sum(n for (service, route, code), n in self.codes.items() if code == "OK" and away not in (service, route))

    async def _call(self, service: str, route: str) -> None:
        method, request = CALLS[service]
        hops = (service, "gateway") if route == "gateway" else (service,)
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.max_reconnect_backoff_ms", 500)]
        address = self._addresses["gateway" if route == "gateway" else service]
        async with grpc.aio.insecure_channel(address, options=options) as channel:
            # A channel reconnects after a backoff. Until then its errors belong to the outage that it met.
            is_lost = False
            path = f"/tickreel.v1.{service.capitalize()}Service/{method}"
            while True:
                was_away, before = self._outages.of(hops)
                try:
                    await channel.unary_unary(path)(request.SerializeToString(), timeout=DEADLINE)
                    code, is_lost = "OK", False
                except grpc.aio.AioRpcError as error:
                    code = error.code().name
                    is_away, after = self._outages.of(hops)
                    is_lost = code in AWAY and (is_lost or was_away or is_away or after > before)
                    if not is_lost:
                        self.hurt.append(f"{service}, {route}: {code} {error.details()}")
                self.codes[service, route, code] += 1
                await asyncio.sleep(0.1)
