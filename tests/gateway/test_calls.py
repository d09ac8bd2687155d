"""Calls through the gateway behave as direct calls: answers, errors, streams, deadlines, cancellation, unavailable services."""

import asyncio
from collections.abc import AsyncIterator

import grpc
import pytest
import pytest_asyncio

from gateway.conftest import Gateway
from tickreel.cli.supervision.health import is_serving
from tickreel.rpc.channel import ServiceClient
from tickreel.rpc.errors import TickreelError, Violation
from tickreel.v1 import catalog_service_pb2, results_service_pb2

pytestmark = pytest.mark.asyncio(loop_scope="session")

PATIENCE = 60


@pytest_asyncio.fixture(loop_scope="session")
async def results(gateway: Gateway) -> AsyncIterator[ServiceClient]:
    client = ServiceClient("results", gateway.address)
    yield client
    await client.close()


@pytest_asyncio.fixture(loop_scope="session")
async def catalog(gateway: Gateway) -> AsyncIterator[ServiceClient]:
    client = ServiceClient("catalog", gateway.address)
    yield client
    await client.close()


async def until(gateway: Gateway, *, serving: bool) -> None:
    """Wait until the gateway reports the results service as serving, or as not serving."""
    async with asyncio.timeout(PATIENCE):
        while True:
            if await is_serving("results", gateway.address) == serving:
                return
            await asyncio.sleep(0.05)


async def test_a_call_is_answered(catalog: ServiceClient) -> None:
    answer = await catalog.call("GetDataset", catalog_service_pb2.GetDatasetRequest(dataset_id="day-2024-07-18"))
    assert answer.dataset.dataset_id == "day-2024-07-18"


async def test_an_error_arrives_with_all_of_its_fields(gateway: Gateway, catalog: ServiceClient) -> None:
    # As many violations as an error can have. They must fit into the headers that Envoy passes on.
    violations = [Violation(f"field_{number}", "is wrong in a way that takes some words to say") for number in range(500)]
    raised = TickreelError("CONFIG_INVALID", "the config has problems", violations, number=500)
    gateway.servicers["catalog"].error = raised
    try:
        with pytest.raises(TickreelError) as caught:
            await catalog.call("GetDataset", catalog_service_pb2.GetDatasetRequest())
    finally:
        gateway.servicers["catalog"].error = None
    assert (caught.value.reason, caught.value.message) == ("CONFIG_INVALID", "the config has problems")
    assert caught.value.violations[0] == violations[0]
    assert len(caught.value.violations) > 20


async def test_the_service_stops_a_stream_when_its_caller_hangs_up(gateway: Gateway, results: ServiceClient) -> None:
    gateway.servicers["results"].left.clear()
    stream = results.stream("StreamTicks", results_service_pb2.StreamTicksRequest(cursor="3"))
    assert [(await anext(stream)).cursor for _ in range(3)] == ["0", "1", "2"]
    await stream.aclose()
    async with asyncio.timeout(PATIENCE):
        await gateway.servicers["results"].left.wait()


async def test_the_deadline_of_the_caller_ends_the_call(gateway: Gateway) -> None:
    results = gateway.servicers["results"]
    results.asked.clear()
    results.left.clear()
    seconds = 0.3
    async with grpc.aio.insecure_channel(gateway.address) as channel:
        call: grpc.aio.UnaryStreamMultiCallable[bytes, bytes] = channel.unary_stream("/tickreel.v1.ResultsService/StreamTicks")
        # On a busy machine, the deadline may pass before the service receives the call.
        while not results.asked.is_set():
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                request = results_service_pb2.StreamTicksRequest(cursor="0").SerializeToString()
                async for _ in call(request, timeout=seconds):
                    pass
            assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
            seconds *= 2
    async with asyncio.timeout(PATIENCE):
        await gateway.servicers["results"].left.wait()


async def test_an_unavailable_service_is_named_until_it_returns(gateway: Gateway, results: ServiceClient) -> None:
    request = results_service_pb2.StreamTicksRequest(cursor="1")
    await gateway.end("results")
    try:
        # At first the connection is refused; later the health check has failed.
        for _ in range(2):
            with pytest.raises(TickreelError) as caught:
                await anext(results.stream("StreamTicks", request))
            assert caught.value.reason == "SERVICE_UNAVAILABLE"
            assert str(caught.value).endswith("does not answer: the gateway reaches no healthy results service")
            await until(gateway, serving=False)
        assert await is_serving("catalog", gateway.address)
    finally:
        await gateway.serve("results")
    await until(gateway, serving=True)
    assert (await anext(results.stream("StreamTicks", request))).cursor == "0"


async def test_a_message_above_the_size_limit_is_refused(catalog: ServiceClient) -> None:
    request = catalog_service_pb2.GetDatasetRequest(dataset_id="x" * 4_200_000)
    with pytest.raises(TickreelError, match=r"too large: .*4194304") as caught:
        await catalog.call("GetDataset", request)
    assert caught.value.reason == "INVALID_REQUEST"


async def test_headers_above_the_limits_are_refused(gateway: Gateway) -> None:
    response, _ = await gateway.request("GET", "/", x_long="x" * 40_000)
    assert response.status == 431
    response, _ = await gateway.request("GET", "/", **{f"x_{number}": "" for number in range(150)})
    assert response.status == 431
