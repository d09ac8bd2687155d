"""Clients of the services: one channel per address, errors as `TickreelError`."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any

import grpc

from tickreel.rpc.errors import TickreelError
from tickreel.v1 import (
    catalog_service_pb2_grpc,
    converter_service_pb2_grpc,
    results_service_pb2_grpc,
    runner_service_pb2_grpc,
)

# The generated stubs have no types.
STUBS: dict[str, Callable[[grpc.Channel | grpc.aio.Channel], Any]] = {
    "catalog": catalog_service_pb2_grpc.CatalogServiceStub,
    "converter": converter_service_pb2_grpc.ConverterServiceStub,
    "runner": runner_service_pb2_grpc.RunnerServiceStub,
    "results": results_service_pb2_grpc.ResultsServiceStub,
}

OPTIONS = [
    # Reconnect to a restarted service within a second; gRPC's own backoff grows to two minutes.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
    ("grpc.keepalive_time_ms", 30_000),
    # Two services of a process tree may briefly have the same address; they must not share connections.
    ("grpc.use_local_subchannel_pool", 1),
]

# Seconds between two attempts to call a service that does not answer.
_RETRY_SECONDS = 0.25


class ServiceClient:
    """A client of one service.

    Calls return the response message or raise `TickreelError`: the error of the service, or SERVICE_UNAVAILABLE if it does not
    answer.
    """

    def __init__(self, service: str, address: str) -> None:
        self.service = service
        self.address = address
        self._channel = grpc.aio.insecure_channel(address, options=OPTIONS)
        self._stub: Any = STUBS[service](self._channel)

    async def call(self, method: str, request: Any, *, timeout: float | None = 60, wait: bool = False) -> Any:
        """Call a unary method. With `wait`, wait for a service that is still starting instead of failing at once."""
        try:
            return await getattr(self._stub, method)(request, timeout=timeout, wait_for_ready=wait)
        except grpc.aio.AioRpcError as error:
            raise TickreelError.from_rpc_error(error, self.service, self.address) from None

    async def call_with_retries(self, method: str, request: Any, *, patience: float) -> Any:
        """Call an idempotent unary method, and repeat the call until it is answered.

        Args:
            patience: Seconds from the first failure until this gives up.
        """
        loop = asyncio.get_running_loop()
        failing_since: float | None = None
        while True:
            try:
                return await self.call(method, request)
            except TickreelError as error:
                # Counted from the first failure: this process may have been suspended during the call.
                failing_since = loop.time() if failing_since is None else failing_since
                if error.reason != "SERVICE_UNAVAILABLE" or loop.time() - failing_since >= patience:
                    raise
            await asyncio.sleep(_RETRY_SECONDS)

    async def stream(self, method: str, request: Any) -> AsyncGenerator[Any, None]:
        """Call a server-streaming method. Leaving the iteration cancels the call."""
        call = getattr(self._stub, method)(request)
        try:
            async for response in call:
                yield response
        except grpc.aio.AioRpcError as error:
            raise TickreelError.from_rpc_error(error, self.service, self.address) from None
        finally:
            call.cancel()

    async def close(self) -> None:
        """Close the channel."""
        await self._channel.close()
