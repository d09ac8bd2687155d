"""Calls that no good client makes: each gets an answer, and none changes what another client gets."""

import asyncio
import struct

import grpc
import pytest

from gateway.conftest import Gateway
from gateway.test_browsers import CALL, GET, GRPC_WEB, framed
from tickreel.v1 import catalog_service_pb2, results_service_pb2

pytestmark = pytest.mark.asyncio(loop_scope="session")

STREAM = "/tickreel.v1.ResultsService/StreamTicks"
INVALID_ARGUMENT, DEADLINE_EXCEEDED, UNIMPLEMENTED = "3", "4", "12"


async def valid_calls(gateway: Gateway, count: int) -> list[str]:
    """What a second client gets for calls with a deadline."""
    request = catalog_service_pb2.GetDatasetRequest(dataset_id="x").SerializeToString()
    async with grpc.aio.insecure_channel(gateway.address) as channel:
        call = channel.unary_unary(GET)
        found = []
        for _ in range(count):
            try:
                await call(request, timeout=60)
                found.append("OK")
            except grpc.aio.AioRpcError as error:
                found.append(f"{error.code().name}: {error.details()}")
        return found


HOSTILE_HEADERS = [
    {"grpc_timeout": "-1S"},
    {"grpc_timeout": "1"},
    {"grpc_timeout": "999999999S"},
    {"grpc_timeout": ""},
    {"grpc_encoding": "rot13"},
    {"grpc_accept_encoding": "\x80\xff"},
    {"grpc_previous_rpc_attempts": "-1x"},
    {"grpc_retry_pushback_ms": "soon"},
    {"grpc_status": "many"},
    {"grpc_tags_bin": "!!!"},
    {"grpc_trace_bin": "%%%"},
    {"x_anything_bin": "not base64!"},
    {"te": "chunked"},
    {"grpc_internal_encoding_request": "rot13"},
    {"x_tickreel_reflect": "all"},
]


@pytest.mark.parametrize("headers", HOSTILE_HEADERS, ids=lambda headers: next(iter(headers)))
async def test_no_header_of_one_client_breaks_the_calls_of_another(gateway: Gateway, headers: dict[str, str]) -> None:
    for _ in range(4):
        response, _ = await gateway.request("POST", GET, CALL, **GRPC_WEB, **headers)
        assert response.status in {200, 400}
        assert response.getheader("grpc-status") in {None, "0", INVALID_ARGUMENT, UNIMPLEMENTED}
    assert set(await valid_calls(gateway, 20)) == {"OK"}


async def call_with_trailers(gateway: Gateway, **trailers: str) -> None:
    """A call of HTTP/2 whose request ends with trailers; returns once its stream has ended."""
    reader, writer = await connected(gateway)
    writer.write(beginning(gateway, 1, GET) + frame(DATA, 0, 1, CALL))
    ending = {name.replace("_", "-"): value for name, value in trailers.items()}
    writer.write(frame(HEADERS, END_HEADERS | END_STREAM, 1, header_block(ending)))
    kind = flags = stream = 0
    while not (stream == 1 and (kind == RST_STREAM or flags & END_STREAM)):
        head = await reader.readexactly(9)
        kind, flags, stream = head[3], head[4], int.from_bytes(head[5:])
        await reader.readexactly(int.from_bytes(head[:3]))
        if kind == SETTINGS:
            flags = 0
    writer.close()


DATA, HEADERS, RST_STREAM, SETTINGS = 0, 1, 3, 4
END_STREAM, END_HEADERS = 1, 4


async def connected(gateway: Gateway) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection of HTTP/2, whose frames a test writes itself."""
    host, _, port = gateway.address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0, b""))
    return reader, writer


def beginning(gateway: Gateway, stream: int, path: str) -> bytes:
    """The headers of a call."""
    headers = {":method": "POST", ":scheme": "http", ":path": path, ":authority": gateway.address}
    return frame(HEADERS, END_HEADERS, stream, header_block(headers | {"content-type": "application/grpc", "te": "trailers"}))


def frame(kind: int, flags: int, stream: int, content: bytes) -> bytes:
    """A frame of HTTP/2."""
    return len(content).to_bytes(3) + bytes([kind, flags]) + stream.to_bytes(4) + content


def header_block(headers: dict[str, str]) -> bytes:
    """Headers as HPACK has them without compression."""
    words = ((name.encode(), value.encode()) for name, value in headers.items())
    return b"".join(b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value for name, value in words)


@pytest.mark.parametrize(
    "trailers",
    [{"grpc_timeout": "-1S"}, {"grpc_encoding": "rot13"}, {"grpc_status": "many"}, {"x_anything_bin": "!!!"}],
    ids=lambda trailers: next(iter(trailers)),
)
async def test_no_trailer_of_one_client_breaks_the_calls_of_another(gateway: Gateway, trailers: dict[str, str]) -> None:
    # The gateway has a connection to each service for each of its threads.
    for _ in range(8):
        async with asyncio.timeout(30):
            await call_with_trailers(gateway, **trailers)
    assert set(await valid_calls(gateway, 20)) == {"OK"}


async def test_streams_that_nobody_reads_stop_nobody(gateway: Gateway) -> None:
    results = gateway.servicers["results"]
    long, short = (results_service_pb2.StreamTicksRequest(cursor=cursor).SerializeToString() for cursor in ("100", "1"))
    results.width, sent = 100_000, results.sent
    _, writer = await connected(gateway)
    try:
        for number in range(40):
            stream = 2 * number + 1
            writer.write(beginning(gateway, stream, STREAM) + frame(DATA, END_STREAM, stream, framed(long)))
        # The connection of the gateway to the service held 16 MiB of them when it was too small.
        while results.sent < sent + 100:  # noqa: ASYNC110 - a service in this loop sends them
            await asyncio.sleep(0.01)
        while sent != results.sent:
            sent = results.sent
            await asyncio.sleep(0.1)
        results.width = 0
        # Each on a connection of its own, since each thread of the gateway has its own connection to the service.
        for _ in range(8):
            async with grpc.aio.insecure_channel(gateway.address, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
                call = channel.unary_stream(STREAM)(short, timeout=10)
                assert await call.read()
                call.cancel()
    finally:
        results.width = 0
        writer.close()


async def test_a_bad_deadline_is_refused_with_what_would_be_right(gateway: Gateway) -> None:
    response, _ = await gateway.request("POST", GET, CALL, **GRPC_WEB, grpc_timeout="-1S")
    assert response.getheader("grpc-status") == INVALID_ARGUMENT
    assert response.getheader("grpc-message", "").startswith("grpc-timeout is -1S; it must be 1 to 8 digits")


@pytest.mark.parametrize("body", [b"", CALL[:3], CALL[:-1], b"\0" + struct.pack(">I", 2**31), framed(b"\xff\xff\xff\xff")])
async def test_a_call_without_a_whole_request_is_answered(gateway: Gateway, body: bytes) -> None:
    for path in (GET, STREAM):
        response, _ = await gateway.request("POST", path, body, **GRPC_WEB)
        assert response.getheader("grpc-status") in {INVALID_ARGUMENT, "8"}


async def test_a_stream_ends_with_its_deadline(gateway: Gateway) -> None:
    body = framed(results_service_pb2.StreamTicksRequest(cursor="0").SerializeToString())
    response, content = await gateway.request("POST", STREAM, body, **GRPC_WEB, grpc_timeout="500m")
    # In the headers where the deadline passes before the first response, else in the trailers.
    assert response.getheader("grpc-status") == DEADLINE_EXCEEDED or f"grpc-status:{DEADLINE_EXCEEDED}".encode() in content


async def test_idle_connections_lock_nobody_out(gateway: Gateway) -> None:
    host, _, port = gateway.address.rpartition(":")
    idle = [await asyncio.open_connection(host, int(port)) for _ in range(1_500)]
    try:
        assert await valid_calls(gateway, 3) == ["OK"] * 3
    finally:
        for _, writer in idle:
            writer.close()


async def test_a_client_that_pings_without_pause_is_kept(gateway: Gateway) -> None:
    address = gateway._addresses["results"]
    pings = [
        ("grpc.keepalive_time_ms", 100),
        ("grpc.http2.max_pings_without_data", 0),
        ("grpc.keepalive_permit_without_calls", 1),
    ]
    async with grpc.aio.insecure_channel(address, options=pings) as channel:
        request = results_service_pb2.StreamTicksRequest(cursor="1").SerializeToString()
        stream = channel.unary_stream(STREAM)(request)
        await stream.read()
        # Two strikes more than gRPC's default lets pass end the connection within a second.
        done, _ = await asyncio.wait([asyncio.ensure_future(stream.read())], timeout=3)
        assert not done, [task.exception() for task in done]
        stream.cancel()
