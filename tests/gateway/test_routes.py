"""Every call finds its service; what goes to all of them finds one that can answer."""

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
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

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

        handlers = {method.name: grpc.unary_unary_rpc_method_handler(answer) for method in self.DESCRIPTOR.methods}
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


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.full_name.removeprefix("tickreel.v1."))
async def test_every_method_of_the_contracts_has_its_route(channel: grpc.aio.Channel, method: MethodDescriptor) -> None:
    service = method.containing_service.full_name
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await channel.unary_unary(f"/{service}/{method.name}")(b"")
    assert (caught.value.code(), caught.value.details()) == (grpc.StatusCode.NOT_FOUND, NAMES[service])


@pytest.mark.parametrize("path", ["/tickreel.v1.NoSuchService/Get", "/other.v1.CatalogService/GetDataset"])
async def test_a_service_that_there_is_not_is_unimplemented_and_no_page(channel: grpc.aio.Channel, path: str) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await channel.unary_unary(path)(b"")
    assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED
    assert caught.value.details() == "the gateway knows no such service"


async def test_health_is_that_of_the_service_that_is_named(named: Gateway, channel: grpc.aio.Channel) -> None:
    async def health(name: str) -> str:
        request = health_pb2.HealthCheckRequest(service=name)
        try:
            answer = await health_pb2_grpc.HealthStub(channel).Check(request, timeout=60)
        except grpc.aio.AioRpcError as error:
            return error.code().name
        return health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)

    assert {name: await health(name) for name in ("", *SERVICES)} == dict.fromkeys(("", *SERVICES), "SERVING")
    assert await health("tickreel.v1.NoSuchService") == "NOT_FOUND"
    await named.end("runner")
    try:
        assert await health("tickreel.v1.RunnerService") == "UNAVAILABLE"
        # There are others.
        assert [await health(name) for name in ("", "tickreel.v1.CatalogService")] == ["SERVING", "SERVING"]
    finally:
        await named.serve("runner")


async def test_reflection_tells_of_all_services_as_long_as_there_is_one(named: Gateway, channel: grpc.aio.Channel) -> None:
    async def reflect(**request: str) -> reflection_pb2.ServerReflectionResponse:
        call = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(
            iter([reflection_pb2.ServerReflectionRequest(**request)])
        )
        return await anext(aiter(call))

    async def listed() -> set[str]:
        return {service.name for service in (await reflect(list_services="")).list_services_response.service}

    async def listed_in_the_end() -> set[str]:
        async with asyncio.timeout(60):
            while True:
                # The retries of the gateway may meet those alone that have just gone.
                with contextlib.suppress(grpc.aio.AioRpcError):
                    return await listed()
                await asyncio.sleep(0.05)

    assert await listed() > set(SERVICES)
    for name in SERVICES:
        assert (await reflect(file_containing_symbol=name)).file_descriptor_response.file_descriptor_proto
    others = [name for name in named.servicers if name != "results"]
    await asyncio.gather(*(named.end(name) for name in others))
    try:
        assert await listed_in_the_end() > set(SERVICES)
    finally:
        await asyncio.gather(*(named.serve(name) for name in others))
