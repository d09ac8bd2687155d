"""The process of a service: a gRPC server with health, reflection, rich errors and graceful shutdown."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any, Protocol, cast

import grpc
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import FileDescriptor, ServiceDescriptor
from google.protobuf.message import DecodeError, Message
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio as health_aio
from grpc_reflection.v1alpha import reflection, reflection_pb2
from grpc_reflection.v1alpha._async import ReflectionServicer

from tickreel.rpc.columns import Wire
from tickreel.rpc.errors import TickreelError, not_readable
from tickreel.rpc.settings import Settings, default_address
from tickreel.rpc.values import check_values
from tickreel.v1 import catalog_service_pb2, converter_service_pb2, results_service_pb2, runner_service_pb2

log = logging.getLogger("tickreel")

DRAIN_SECONDS = 5.0
# Clients may ping at any rate, with or without calls: answering a ping costs less than a reconnection.
_PINGS = (("grpc.http2.max_ping_strikes", 0), ("grpc.keepalive_permit_without_calls", 1))
REFLECTION_V1 = "grpc.reflection.v1.ServerReflection"
# Header that services/gateway/envoy.yaml adds to reflection calls.
FOR_THE_GATEWAY = ("x-tickreel-reflect", "all")
CONTRACTS = tuple(
    service.full_name
    for module in (catalog_service_pb2, converter_service_pb2, results_service_pb2, runner_service_pb2)
    for service in module.DESCRIPTOR.services_by_name.values()
)


class Servicer(Protocol):
    """A service: its contract, and its work before the first and after the last call."""

    DESCRIPTOR: ServiceDescriptor

    @property
    def add_to_server(self) -> Callable[[Any, grpc.aio.Server], None]:
        """The generated function that registers a servicer with a server."""
        ...

    async def open(self) -> None:
        """Prepare the service. It becomes healthy afterwards."""

    async def close(self) -> None:
        """Release the resources of `open`, after the last call."""


class Server:
    """A gRPC server of one service.

    The server adds health (for the whole server and for the service by name) and reflection (v1 and v1alpha). A `TickreelError`
    that a method raises becomes its rich status. Any other exception becomes INTERNAL, with the traceback in the log. A method
    may return or yield a response as a `Wire`.
    """

    def __init__(self, servicer: Servicer) -> None:
        self._servicer = servicer
        self._name = servicer.DESCRIPTOR.full_name
        self._health = health_aio.HealthServicer()
        # Without reuse of ports: a second service on the same port would answer half of the calls.
        self._server = grpc.aio.server(interceptors=[_RichErrors()], options=[("grpc.so_reuseport", 0), *_PINGS])
        servicer.add_to_server(servicer, self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        _add_reflection(self._name, self._server)

    async def start(self, listen: str) -> str:
        """Open the service, listen, and return the address with the bound port."""
        try:
            port = self._server.add_insecure_port(listen)
        except RuntimeError as error:
            message = f"cannot listen on {listen}: {error}; does another service use this port?"
            raise TickreelError("SERVICE_UNAVAILABLE", message, address=listen) from None
        await self._servicer.open()
        await self._server.start()
        for name in ("", self._name):
            await self._health.set(name, health_pb2.HealthCheckResponse.SERVING)
        return f"{listen.rpartition(':')[0]}:{port}"

    async def stop(self, grace: float = DRAIN_SECONDS) -> None:
        """Turn health off, let calls end within `grace` seconds, and close the service."""
        await self._health.enter_graceful_shutdown()
        await self._server.stop(grace)
        await self._servicer.close()


def run(service: str, make_servicer: Callable[[Settings], Servicer]) -> None:
    """Read the settings and serve until SIGTERM or SIGINT. The `__main__` of a service calls this.

    When the service is ready, it prints one line: `listening HOST:PORT`. With TICKREEL_SUPERVISED=1 it also ends when its
    standard input closes, so that it never outlives its parent. If it cannot start, it prints the reason and exits with 2.
    """
    try:
        settings = Settings.from_env(os.environ)
        logging.basicConfig(
            level=settings.log_level, format=f"%(asctime)s %(levelname)s {service} %(message)s", stream=sys.stderr
        )
        asyncio.run(_serve(service, make_servicer(settings), settings.listen or default_address(service)))
    except TickreelError as error:
        print(f"{service}: {error}", file=sys.stderr)
        sys.exit(2)


async def _serve(service: str, servicer: Servicer, listen: str) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if os.environ.get("TICKREEL_SUPERVISED") == "1":
        # A thread, because the loop cannot watch a standard input that is a file or /dev/null.
        threading.Thread(target=_stop_at_end_of_input, args=(loop, stop), name="supervisor-watch", daemon=True).start()
    server = Server(servicer)
    address = await server.start(listen)
    print(f"listening {address}", flush=True)
    log.info("serving on %s", address)
    await stop.wait()
    log.info("stopping")
    await server.stop()


def _stop_at_end_of_input(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    while os.read(0, 4096):
        pass
    # The loop may already be closed.
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(stop.set)


def _add_reflection(service: str, server: grpc.aio.Server) -> None:
    """Serve reflection under both of its names; both versions have the same messages on the wire.

    Reflection lists only the service of this server. To the gateway, any server lists all services.
    """
    common = (health_pb2.DESCRIPTOR.services_by_name["Health"].full_name, reflection.SERVICE_NAME, REFLECTION_V1)
    own_service = ReflectionServicer(service_names=(service, *common), pool=_Symbols())
    all_services = ReflectionServicer(service_names=(*CONTRACTS, *common), pool=_Symbols())

    async def info(
        requests: AsyncIterator[reflection_pb2.ServerReflectionRequest], context: grpc.aio.ServicerContext
    ) -> AsyncIterator[reflection_pb2.ServerReflectionResponse]:
        servicer = all_services if FOR_THE_GATEWAY in tuple(context.invocation_metadata() or ()) else own_service
        # The stub declares a coroutine; it is an asynchronous generator.
        responses = servicer.ServerReflectionInfo(requests, context)
        async for response in cast(AsyncIterator[reflection_pb2.ServerReflectionResponse], responses):
            yield response

    for name in (reflection.SERVICE_NAME, REFLECTION_V1):
        handler = grpc.stream_stream_rpc_method_handler(
            info,
            request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
            response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
        )
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, {"ServerReflectionInfo": handler}),))


class _Symbols:
    """The descriptors of this process. It also finds the file of a method, unlike protobuf's own pool."""

    def __init__(self) -> None:
        self._pool = descriptor_pool.Default()

    def FindFileContainingSymbol(self, symbol: str) -> FileDescriptor:  # noqa: N802 - protobuf's own name
        try:
            return self._pool.FindFileContainingSymbol(symbol)
        except KeyError:
            return self._pool.FindMethodByName(symbol).containing_service.file

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)


class _RichErrors(grpc.aio.ServerInterceptor):
    """Converts the exceptions of methods to rich statuses."""

    async def intercept_service(
        self,
        # Any: the stubs describe the handlers of a synchronous server.
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        handler = await continuation(handler_call_details)
        method = handler_call_details.method
        if handler is None or not method.startswith("/tickreel."):
            return handler
        # Requests are read here, because gRPC itself never answers a call without a request, and answers INTERNAL if it cannot
        # decode one.
        request_of = partial(_request_of, handler.request_deserializer or bytes)
        serializer = partial(_serialized, handler.response_serializer)
        if handler.unary_unary:

            async def unary(requests: AsyncIterator[bytes], context: grpc.aio.ServicerContext) -> Any:
                async with _answering(method, context):
                    return await handler.unary_unary(await request_of(requests), context)

            return grpc.stream_unary_rpc_method_handler(unary, response_serializer=serializer)

        async def stream(requests: AsyncIterator[bytes], context: grpc.aio.ServicerContext) -> AsyncIterator[Any]:
            async with _answering(method, context):
                request = await request_of(requests)
                async with contextlib.aclosing(handler.unary_stream(request, context)) as responses:
                    async for response in responses:
                        yield response

        return grpc.stream_stream_rpc_method_handler(stream, response_serializer=serializer)


async def _request_of(deserialize: Callable[[bytes], Any], requests: AsyncIterator[bytes]) -> Any:
    """Return the request of a call.

    Raises:
        TickreelError: INVALID_REQUEST if the request is missing, cannot be decoded, or has an invalid timestamp or enum value.
    """
    async for content in requests:
        try:
            request = deserialize(content)
        except DecodeError as error:
            message = f"the request cannot be decoded as its message type: {error}"
            raise TickreelError("INVALID_REQUEST", message) from None
        if isinstance(request, Message):
            check_values(request)
        return request
    raise TickreelError("INVALID_REQUEST", "the call has no request message, or only a part of one")


def _serialized(serialize: Callable[[Any], bytes], response: Any) -> bytes:
    """Serialise a response; a method may have done it already."""
    return response.content if isinstance(response, Wire) else serialize(response)


@contextlib.asynccontextmanager
async def _answering(method: str, context: grpc.aio.ServicerContext) -> AsyncIterator[None]:
    try:
        yield
    except TickreelError as error:
        await context.abort_with_status(error.to_status())
    except (grpc.aio.AbortError, asyncio.CancelledError):
        raise
    except PermissionError as error:
        # Writes are checked where they happen, so this was a read.
        path = Path(os.fsdecode(error.filename or "."))
        await context.abort_with_status(not_readable(path.name, path.parent, error).to_status())
    except Exception:
        log.exception("%s failed", method)
        unexpected = TickreelError("INTERNAL", "an unexpected error; the log of the service has the traceback")
        await context.abort_with_status(unexpected.to_status())
