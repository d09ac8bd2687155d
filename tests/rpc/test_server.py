"""The process of a service: health, reflection, graceful shutdown and start-up errors."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2

from rpc import small_service
from rpc.small_service import SmallCatalog, serving
from tickreel.rpc.channel import ServiceClient
from tickreel.rpc.errors import TickreelError
from tickreel.rpc.server import Server
from tickreel.v1 import catalog_service_pb2

NAME = "tickreel.v1.CatalogService"
PATIENCE = 60


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The variables that a service needs, without the settings of the developer."""
    ours = ("TICKREEL_", "UNIFIED_CLOUD_", "DATA_CATALOG_PATH")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)} | {
        "UNIFIED_CLOUD_LOCAL_PATH": str(tmp_path),
        "DATA_CATALOG_PATH": str(tmp_path),
        "TICKREEL_LISTEN": "127.0.0.1:0",
    }


@asynccontextmanager
async def process(environment: dict[str, str], stdin: int = DEVNULL) -> AsyncIterator[Process]:
    """Run the small service in a child process."""
    started = await asyncio.create_subprocess_exec(
        sys.executable, small_service.__file__, env=environment, stdin=stdin, stdout=PIPE, stderr=PIPE
    )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
        await started.communicate()


async def line_of(process: Process) -> str:
    assert process.stdout is not None
    return (await asyncio.wait_for(process.stdout.readline(), PATIENCE)).decode().strip()


async def refusal(environment: dict[str, str]) -> str:
    """Run a service that exits with 2 instead of serving, and return its error output."""
    async with process(environment) as service:
        stdout, stderr = await asyncio.wait_for(service.communicate(), PATIENCE)
    assert service.returncode == 2, stderr.decode()
    assert stdout == b""
    assert b"Traceback" not in stderr, stderr.decode()
    return stderr.decode()


async def health(address: str, service: str) -> int:
    async with grpc.aio.insecure_channel(address) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        request = health_pb2.HealthCheckRequest(service=service)
        response: health_pb2.HealthCheckResponse = await stub.Check(request)  # type: ignore[attr-defined]  # the stub has no methods
    return response.status


@pytest.mark.parametrize("name", ["", NAME])
async def test_the_server_and_its_service_are_healthy(name: str) -> None:
    async with serving(SmallCatalog()) as address:
        assert await health(address, name) == health_pb2.HealthCheckResponse.SERVING


async def test_health_of_another_service_is_not_found() -> None:
    async with serving(SmallCatalog()) as address:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await health(address, "tickreel.v1.RunnerService")
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
async def test_reflection_lists_and_describes_the_service(version: str) -> None:
    requests = [
        reflection_pb2.ServerReflectionRequest(list_services=""),
        reflection_pb2.ServerReflectionRequest(file_containing_symbol=NAME),
    ]
    async with serving(SmallCatalog()) as address, grpc.aio.insecure_channel(address) as channel:
        method = channel.stream_stream(
            f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
            request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
            response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
        )
        listed, described = [response async for response in method(iter(requests))]
    names = {service.name for service in listed.list_services_response.service}
    assert names == {
        NAME,
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
    }
    assert b"CatalogService" in described.file_descriptor_response.file_descriptor_proto[0]


async def test_a_service_is_opened_at_start_and_closed_at_stop() -> None:
    service = SmallCatalog()
    server = Server(service)
    address = await server.start("127.0.0.1:0")
    assert service.events == ["open"]
    assert int(address.rpartition(":")[2]) > 0
    await server.stop()
    assert service.events == ["open", "close"]


async def test_a_second_service_on_one_port_is_refused_and_never_opened() -> None:
    async with serving(SmallCatalog()) as address:
        second = SmallCatalog()
        with pytest.raises(TickreelError, match=f"cannot listen on {address}.*another service"):
            await Server(second).start(address)
    assert second.events == []


async def test_sigterm_waits_for_calls_and_then_ends_the_process(environment: dict[str, str]) -> None:
    async with process(environment | {"SMALL_DELAY": "0.5"}) as service:
        address = (await line_of(service)).removeprefix("listening ")
        client = ServiceClient("catalog", address)
        call = asyncio.create_task(client.call("GetDataset", catalog_service_pb2.GetDatasetRequest(dataset_id="d")))
        assert await line_of(service) == "asked for d"
        service.send_signal(signal.SIGTERM)
        assert (await call).dataset.dataset_id == "d"
        with pytest.raises(TickreelError, match="does not answer"):
            await client.call("GetDataset", catalog_service_pb2.GetDatasetRequest())
        await client.close()
        assert await line_of(service) == "closed"
        assert await asyncio.wait_for(service.wait(), PATIENCE) == 0


async def test_an_endless_call_does_not_prevent_shutdown() -> None:
    service = SmallCatalog(delay=3600)
    server = Server(service)
    client = ServiceClient("catalog", await server.start("127.0.0.1:0"))
    call = asyncio.create_task(client.call("GetDataset", catalog_service_pb2.GetDatasetRequest(), timeout=None))
    await asyncio.wait_for(service.asked.wait(), PATIENCE)
    await asyncio.wait_for(server.stop(grace=0.1), PATIENCE)
    with pytest.raises(TickreelError):
        await call
    await client.close()
    assert service.events == ["open", "close"]


async def test_a_supervised_service_ends_with_its_standard_input(environment: dict[str, str]) -> None:
    async with process(environment | {"TICKREEL_SUPERVISED": "1"}, stdin=PIPE) as service:
        assert (await line_of(service)).startswith("listening 127.0.0.1:")
        assert service.stdin is not None
        service.stdin.write(b"whatever comes before the end does not matter\n")
        await service.stdin.drain()
        service.stdin.close()
        assert await line_of(service) == "closed"
        assert await asyncio.wait_for(service.wait(), PATIENCE) == 0


async def test_a_supervised_service_without_a_supervisor_ends_at_once(environment: dict[str, str]) -> None:
    """Its standard input is closed from the start."""
    async with process(environment | {"TICKREEL_SUPERVISED": "1"}, stdin=DEVNULL) as service:
        stdout, stderr = await asyncio.wait_for(service.communicate(), PATIENCE)
    assert service.returncode == 0, stderr.decode()
    assert stdout.decode().splitlines()[-1] == "closed"


async def test_every_missing_variable_is_named_at_once(environment: dict[str, str]) -> None:
    bare = {name: value for name, value in environment.items() if not name.startswith(("UNIFIED", "DATA_CATALOG"))}
    said = await refusal(bare | {"UNIFIED_CLOUD_SERVICES_USE_DIRECT_GCS": "yes", "TICKREEL_RUNNER_SLOTS": "0"})
    for name in (
        "UNIFIED_CLOUD_LOCAL_PATH",
        "DATA_CATALOG_PATH",
        "UNIFIED_CLOUD_SERVICES_USE_DIRECT_GCS",
        "TICKREEL_RUNNER_SLOTS",
    ):
        assert f"  {name}: is" in said


async def test_a_port_in_use_is_reported(environment: dict[str, str]) -> None:
    async with serving(SmallCatalog()) as address:
        assert f"catalog: cannot listen on {address}" in await refusal(environment | {"TICKREEL_LISTEN": address})


async def test_an_invalid_address_is_reported(environment: dict[str, str]) -> None:
    assert "cannot listen on nowhere:http:x" in await refusal(environment | {"TICKREEL_LISTEN": "nowhere:http:x"})


async def test_a_service_that_cannot_open_prints_the_reason(environment: dict[str, str]) -> None:
    assert "catalog: nothing can be written here" in await refusal(environment | {"SMALL_REFUSES": "1"})


async def test_an_unknown_log_level_is_reported(environment: dict[str, str]) -> None:
    said = await refusal(environment | {"TICKREEL_LOG_LEVEL": "chatty"})
    assert "TICKREEL_LOG_LEVEL: is 'chatty'" in said
