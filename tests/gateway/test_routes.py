"""Routes: each call reaches its service. Health and reflection reach a service that can answer."""

import asyncio
import contextlib
import importlib
import pkgutil
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest
import pytest_asyncio
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

import tickreel.v1
from gateway.conftest import Gateway
from tickreel.rpc.errors import TickreelError

SERVICES = {
    service.full_name: service
    for module in pkgutil.iter_modules(tickreel.v1.__path__, "tickreel.v1.")
    if module.name.endswith("_service_pb2")
    for service in importlib.import_module(module.name).DESCRIPTOR.services_by_name.values()
}
METHODS = [method for service in SERVICES.values() for method in service.methods]
NAMES = {name: name.removeprefix("tickreel.v1.").removesuffix("Service").lower() for name in SERVICES}

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Named:
    """A service that answers each of its calls with its name, as an error."""

    def __init__(self, descriptor: ServiceDescriptor) -> None:
        self.DESCRIPTOR = descriptor

    def add_to_server(self, _: object, server: grpc.aio.Server) -> None:
        async def answer(request: bytes, context: grpc.aio.ServicerContext) -> bytes:
            raise TickreelError("NOT_FOUND", NAMES[self.DESCRIPTOR.full_name])

        handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
            method.name: grpc.unary_unary_rpc_method_handler(answer) for method in self.DESCRIPTOR.methods
        }
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(self.DESCRIPTOR.full_name, handlers),))

    async def open(self) -> None: ...

    async def close(self) -> None: ...


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def named(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gateway]:
    folder: Path = tmp_path_factory.mktemp("named")
    async with Gateway({NAMES[name]: Named(service) for name, service in SERVICES.items()}).running(folder) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def channel(named: Gateway) -> AsyncIterator[grpc.aio.Channel]:
    async with grpc.aio.insecure_channel(named.address) as opened:
        yield opened


async def call(channel: grpc.aio.Channel, path: str) -> bytes:
    method: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(path)
    return await method(b"")


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.full_name.removeprefix("tickreel.v1."))
async def test_every_method_of_the_contracts_has_a_route(channel: grpc.aio.Channel, method: MethodDescriptor) -> None:
    service = method.containing_service.full_name
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call(channel, f"/{service}/{method.name}")
    assert (caught.value.code(), caught.value.details()) == (grpc.StatusCode.NOT_FOUND, NAMES[service])


@pytest.mark.parametrize("path", ["/tickreel.v1.NoSuchService/Get", "/other.v1.CatalogService/GetDataset"])
async def test_an_unknown_service_is_unimplemented(channel: grpc.aio.Channel, path: str) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call(channel, path)
    assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED
    assert caught.value.details() == "the gateway knows no such service"


async def test_health_is_that_of_the_named_service(named: Gateway, channel: grpc.aio.Channel) -> None:
    check: grpc.aio.UnaryUnaryMultiCallable[health_pb2.HealthCheckRequest, health_pb2.HealthCheckResponse] = (
        channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )
    )

    async def health(name: str) -> str:
        try:
            answer = await check(health_pb2.HealthCheckRequest(service=name), timeout=60)
        except grpc.aio.AioRpcError as error:
            return error.code().name
        return health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)

    assert {name: await health(name) for name in ("", *SERVICES)} == dict.fromkeys(("", *SERVICES), "SERVING")
    assert await health("tickreel.v1.NoSuchService") == "NOT_FOUND"
    await named.end("runner")
    try:
        assert await health("tickreel.v1.RunnerService") == "UNAVAILABLE"
        # The other services still answer for the server as a whole.
        assert [await health(name) for name in ("", "tickreel.v1.CatalogService")] == ["SERVING", "SERVING"]
    finally:
        await named.serve("runner")


async def test_reflection_lists_all_services_while_one_is_available(named: Gateway, channel: grpc.aio.Channel) -> None:
    info: grpc.aio.StreamStreamMultiCallable[
        reflection_pb2.ServerReflectionRequest, reflection_pb2.ServerReflectionResponse
    ] = channel.stream_stream(
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
        request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
    )

    async def reflect(request: reflection_pb2.ServerReflectionRequest) -> reflection_pb2.ServerReflectionResponse:
        return await anext(aiter(info(iter([request]))))

    async def listed() -> set[str]:
        response = await reflect(reflection_pb2.ServerReflectionRequest(list_services=""))
        return {service.name for service in response.list_services_response.service}

    async def eventually_listed() -> set[str]:
        async with asyncio.timeout(60):
            while True:
                # All retries of the gateway may go to services that have just stopped.
                with contextlib.suppress(grpc.aio.AioRpcError):
                    return await listed()
                await asyncio.sleep(0.05)

    assert await listed() > set(SERVICES)
    for name in SERVICES:
        response = await reflect(reflection_pb2.ServerReflectionRequest(file_containing_symbol=name))
        assert response.file_descriptor_response.file_descriptor_proto
    others = [name for name in named.servicers if name != "results"]
    await asyncio.gather(*(named.end(name) for name in others))
    try:
        assert await eventually_listed() > set(SERVICES)
    finally:
        await asyncio.gather(*(named.serve(name) for name in others))
