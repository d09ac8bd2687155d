"""Hostile calls: each gets an answer, and none affects the calls of another client."""

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
    """Make valid calls as a second client. Return "OK" or the error of each."""
    request = catalog_service_pb2.GetDatasetRequest(dataset_id="x").SerializeToString()
    async with grpc.aio.insecure_channel(gateway.address) as channel:
        call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(GET)
        outcomes = []
        for _ in range(count):
            try:
                await call(request, timeout=60)
                outcomes.append("OK")
            except grpc.aio.AioRpcError as error:
                outcomes.append(f"{error.code().name}: {error.details()}")
        return outcomes


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
async def test_a_hostile_header_does_not_break_calls_of_other_clients(gateway: Gateway, headers: dict[str, str]) -> None:
    for _ in range(4):
        response, _ = await gateway.request("POST", GET, CALL, **GRPC_WEB, **headers)
        assert response.status in {200, 400}
        assert response.getheader("grpc-status") in {None, "0", INVALID_ARGUMENT, UNIMPLEMENTED}
    assert set(await valid_calls(gateway, 20)) == {"OK"}


async def call_with_trailers(gateway: Gateway, **trailers: str) -> None:
    """Make a call over HTTP/2 whose request ends with trailers, and wait for the end of its stream."""
    reader, writer = await connect(gateway.address)
    writer.write(call_headers(gateway, 1, GET) + frame(DATA, 0, 1, CALL))
    ending = {name.replace("_", "-"): value for name, value in trailers.items()}
    writer.write(frame(HEADERS, END_HEADERS | END_STREAM, 1, header_block(ending)))
    kind = flags = stream = 0
    while not (stream == 1 and (kind == RST_STREAM or flags & END_STREAM)):
        kind, flags, stream = await next_frame(reader)
        if kind == SETTINGS:
            flags = 0
    writer.close()


# Types and flags of HTTP/2 frames (RFC 9113, section 6).
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY = 0, 1, 3, 4, 6, 7
END_STREAM, END_HEADERS, ACK = 1, 4, 1


async def connect(address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open an HTTP/2 connection for frames that the test writes."""
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0, b""))
    return reader, writer


async def next_frame(reader: asyncio.StreamReader) -> tuple[int, int, int]:
    """Read a frame. Return its type, its flags and its stream."""
    head = await reader.readexactly(9)
    await reader.readexactly(int.from_bytes(head[:3]))
    return head[3], head[4], int.from_bytes(head[5:])


def call_headers(gateway: Gateway, stream: int, path: str) -> bytes:
    """Return the frame of headers that begins a call."""
    headers = {":method": "POST", ":scheme": "http", ":path": path, ":authority": gateway.address}
    return frame(HEADERS, END_HEADERS, stream, header_block(headers | {"content-type": "application/grpc", "te": "trailers"}))


def frame(kind: int, flags: int, stream: int, content: bytes) -> bytes:
    """Return an HTTP/2 frame."""
    return len(content).to_bytes(3) + bytes([kind, flags]) + stream.to_bytes(4) + content


def header_block(headers: dict[str, str]) -> bytes:
    """Encode headers by HPACK, without compression."""
    words = ((name.encode(), value.encode()) for name, value in headers.items())
    return b"".join(b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value for name, value in words)


@pytest.mark.parametrize(
    "trailers",
    [{"grpc_timeout": "-1S"}, {"grpc_encoding": "rot13"}, {"grpc_status": "many"}, {"x_anything_bin": "!!!"}],
    ids=lambda trailers: next(iter(trailers)),
)
async def test_a_hostile_trailer_does_not_break_calls_of_other_clients(gateway: Gateway, trailers: dict[str, str]) -> None:
    # Each thread of the gateway has its own connection to each service; eight calls reach all of them.
    for _ in range(8):
        async with asyncio.timeout(30):
            await call_with_trailers(gateway, **trailers)
    assert set(await valid_calls(gateway, 20)) == {"OK"}


async def test_unread_streams_do_not_block_other_clients(gateway: Gateway) -> None:
    results = gateway.servicers["results"]
    long, short = (results_service_pb2.StreamTicksRequest(cursor=cursor).SerializeToString() for cursor in ("100", "1"))
    results.width, sent = 100_000, results.sent
    _, writer = await connect(gateway.address)
    try:
        for number in range(40):
            stream = 2 * number + 1
            writer.write(call_headers(gateway, stream, STREAM) + frame(DATA, END_STREAM, stream, framed(long)))
        # More than 10 MB: the window of the connection between gateway and service must not fill up.
        while results.sent < sent + 100:  # noqa: ASYNC110 - a service in this loop sends them
            await asyncio.sleep(0.01)
        while sent != results.sent:
            sent = results.sent
            await asyncio.sleep(0.1)
        results.width = 0
        # A new connection for each call, to reach all threads of the gateway: each has its own connection to the service.
        for _ in range(8):
            async with grpc.aio.insecure_channel(gateway.address, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
                stream_ticks: grpc.aio.UnaryStreamMultiCallable[bytes, bytes] = channel.unary_stream(STREAM)
                call = stream_ticks(short, timeout=10)
                assert await call.read()
                call.cancel()
    finally:
        results.width = 0
        writer.close()


async def test_an_invalid_deadline_is_refused_with_the_valid_form(gateway: Gateway) -> None:
    response, _ = await gateway.request("POST", GET, CALL, **GRPC_WEB, grpc_timeout="-1S")
    assert response.getheader("grpc-status") == INVALID_ARGUMENT
    assert response.getheader("grpc-message", "").startswith("grpc-timeout is -1S; it must be 1 to 8 digits")


@pytest.mark.parametrize("body", [b"", CALL[:3], CALL[:-1], b"\0" + struct.pack(">I", 2**31), framed(b"\xff\xff\xff\xff")])
async def test_an_incomplete_request_is_answered(gateway: Gateway, body: bytes) -> None:
    for path in (GET, STREAM):
        response, _ = await gateway.request("POST", path, body, **GRPC_WEB)
        assert response.getheader("grpc-status") in {INVALID_ARGUMENT, "8"}


async def test_a_stream_ends_at_its_deadline(gateway: Gateway) -> None:
    body = framed(results_service_pb2.StreamTicksRequest(cursor="0").SerializeToString())
    response, content = await gateway.request("POST", STREAM, body, **GRPC_WEB, grpc_timeout="500m")
    # The status is in the headers if the deadline passes before the first response, else in the trailers.
    assert response.getheader("grpc-status") == DEADLINE_EXCEEDED or f"grpc-status:{DEADLINE_EXCEEDED}".encode() in content


async def test_idle_connections_do_not_lock_out_other_clients(gateway: Gateway) -> None:
    host, _, port = gateway.address.rpartition(":")
    idle = [await asyncio.open_connection(host, int(port)) for _ in range(1_500)]
    try:
        assert await valid_calls(gateway, 3) == ["OK"] * 3
    finally:
        for _, writer in idle:
            writer.close()


async def test_a_client_may_ping_at_any_rate(gateway: Gateway) -> None:
    # gRPC's default ends the connection after the third ping.
    pings = 100
    reader, writer = await connect(gateway.addresses["results"])
    try:
        for number in range(pings):
            writer.write(frame(PING, 0, 0, number.to_bytes(8)))
        async with asyncio.timeout(60):
            while pings:
                kind, flags, _ = await next_frame(reader)
                assert kind != GOAWAY
                pings -= kind == PING and flags == ACK
    finally:
        writer.close()
