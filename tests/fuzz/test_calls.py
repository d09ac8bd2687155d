"""Hostile requests, direct and through the gateway: each gets an allowed code, and no valid call of another client fails.

TICKREEL_FUZZ_REQUESTS sets the number of requests, TICKREEL_FUZZ_SEED selects them.
"""

import asyncio
import http.client
import os
import random
import struct
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import psutil
import pytest
from google.protobuf.descriptor import MethodDescriptor

from e2e_folder import BTC, write_config
from fuzz.random_requests import Requests
from terminal import Terminal, Up, is_alive
from tickreel.v1 import catalog_service_pb2, results_service_pb2, runner_service_pb2

REQUESTS = int(os.environ.get("TICKREEL_FUZZ_REQUESTS") or 300)
SEED = int(os.environ.get("TICKREEL_FUZZ_SEED") or 20_240_718)
CONCURRENT = 8
# Seconds after which a call counts as hung.
PATIENCE = 120.0
# A stream is cancelled after this many messages, or after this many seconds: some streams never end.
MESSAGES = 3
SILENCE = 0.5
# Allowed growth of a service in MiB, from a third of the requests to the end. Checked only in long runs, which fill the caches.
MAX_GROWTH = 50
LONG_RUN = 30_000

ALLOWED = {
    "OK",
    "INVALID_ARGUMENT",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "FAILED_PRECONDITION",
    "OUT_OF_RANGE",
    "RESOURCE_EXHAUSTED",
    # Codes of the gateway and of gRPC itself.
    "DEADLINE_EXCEEDED",
    "UNIMPLEMENTED",
    "PERMISSION_DENIED",
    # A stream that this client cancelled.
    "CANCELLED BY CLIENT",
}
# The specification of gRPC prescribes INTERNAL for compressed frames without an encoding or of another encoding.
_PRESCRIBED = ("Compression bit set", "Decompression failed")
_CODES = {str(code.value[0]): code.name for code in grpc.StatusCode}
_TIMEOUTS = ("", "-1S", "1", "0n", "1n", "99999999H", "5S", "1000000000S", "abc", "5 S")


@dataclass
class Outcomes:
    """Outcomes of the requests.

    Attributes:
        codes: Number of requests by code.
        unexpected: Requests with a code that is not allowed.
        grown: Growth of each service, in MiB.
    """

    codes: Counter[str] = field(default_factory=Counter)
    unexpected: list[str] = field(default_factory=list)
    grown: dict[str, int] = field(default_factory=dict)

    def add(self, code: str, method: MethodDescriptor, content: bytes, details: str) -> None:
        self.codes[code] += 1
        if code not in ALLOWED and not any(words in details for words in _PRESCRIBED):
            self.unexpected.append(f"{method.full_name} {code} {details[:300]} {content[:200].hex()}")


@dataclass
class Bystander:
    """A second client that makes valid calls all the time.

    Attributes:
        calls: Number of calls.
        failed: Errors of failed calls.
    """

    address: str
    config: str
    calls: int = 0
    failed: list[str] = field(default_factory=list)

    async def run(self) -> None:
        calls = (
            ("CatalogService/ListDatasets", catalog_service_pb2.ListDatasetsRequest()),
            ("RunnerService/ListRuns", runner_service_pb2.ListRunsRequest(page_size=500)),
            ("RunnerService/GetConfig", runner_service_pb2.GetConfigRequest(config_id=self.config)),
            ("ResultsService/ListResults", results_service_pb2.ListResultsRequest(page_size=500)),
        )
        async with grpc.aio.insecure_channel(self.address) as channel:
            while True:
                for method, request in calls:
                    try:
                        await unary(channel, f"/tickreel.v1.{method}", request.SerializeToString())
                    except grpc.aio.AioRpcError as error:
                        self.failed.append(f"{method}: {error.code().name} {error.details()}")
                    self.calls += 1
                await asyncio.sleep(0.02)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.run())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def unary(channel: grpc.aio.Channel, path: str, content: bytes) -> None:
    call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(path)
    await call(content, timeout=PATIENCE)


async def ask(channel: grpc.aio.Channel, method: MethodDescriptor, content: bytes, outcomes: Outcomes) -> None:
    """Send a request by gRPC."""
    path = f"/{method.containing_service.full_name}/{method.name}"
    try:
        if not method.server_streaming:
            await unary(channel, path, content)
            outcomes.add("OK", method, content, "")
            return
        stream: grpc.aio.UnaryStreamMultiCallable[bytes, bytes] = channel.unary_stream(path)
        call = stream(content, timeout=PATIENCE)
        try:
            async with asyncio.timeout(SILENCE):
                for _ in range(MESSAGES):
                    if await call.read() is grpc.aio.EOF:
                        break
            if call.done():
                raise_for(await call.code(), await call.details())
            outcomes.add("OK" if call.done() else "CANCELLED BY CLIENT", method, content, "")
        except TimeoutError:
            outcomes.add("CANCELLED BY CLIENT", method, content, "")
        finally:
            call.cancel()
    except grpc.aio.AioRpcError as error:
        outcomes.add(error.code().name, method, content, error.details() or "")
    except Ended as ended:
        outcomes.add(ended.code, method, content, ended.details)


class Ended(Exception):  # noqa: N818
    """A stream ended with another code than OK."""

    def __init__(self, code: str, details: str) -> None:
        super().__init__(code)
        self.code, self.details = code, details


def raise_for(code: grpc.StatusCode, details: str | None) -> None:
    if code is not grpc.StatusCode.OK:
        raise Ended(code.name, details or "")


def ask_as_a_browser(address: str, method: MethodDescriptor, content: bytes, chance: random.Random) -> tuple[str, str]:
    """Send a request by grpc-web with hostile headers and frames. Return the code and the message."""
    body = struct.pack(">BI", chance.choice((0, 0, 0, 0, 1, 2, 128)), len(content)) + content
    if chance.random() < 0.2:
        body = body[: chance.randrange(len(body) + 1)]
    headers = {
        "content-type": chance.choice(
            ("application/grpc-web+proto",) * 4 + ("application/grpc-web-text", "text/plain", "application/grpc-web")
        )
    }
    if chance.random() < 0.5:
        headers["grpc-timeout"] = chance.choice(_TIMEOUTS)
    if chance.random() < 0.2:
        headers[chance.choice(("grpc-encoding", "x-a-bin", "grpc-tags-bin", "te", "grpc-accept-encoding"))] = chance.choice(
            ("gzip", "!!", "\xff")
        )
    connection = http.client.HTTPConnection(address, timeout=PATIENCE)
    try:
        connection.request("POST", f"/{method.containing_service.full_name}/{method.name}", body, headers)
        response = connection.getresponse()
        code, details = response.getheader("grpc-status"), response.getheader("grpc-message", "")
        # Some streams never end, so only the first bytes are read.
        received = response.read1(1 << 20) if response.status == 200 and code is None else b""
        if code is None and (at := received.find(b"grpc-status:")) >= 0:
            code, details = received[at + 12 :].split(b"\r")[0].decode(), received[at:].decode(errors="replace")
        if response.status != 200:
            return {415: "UNIMPLEMENTED", 400: "INVALID_ARGUMENT", 403: "PERMISSION_DENIED"}.get(
                response.status, f"HTTP {response.status}"
            ), ""
        return (_CODES[code] if code is not None else "CANCELLED BY CLIENT"), details
    finally:
        connection.close()


def files_outside(folder: Path) -> set[str]:
    """Return the files outside of the folders that the services may write to."""
    allowed = ("data_downloads", "data", "frontend", "tmp", "configs")
    return {
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and path.relative_to(folder).parts[0] not in allowed
    }


def resident(up: Up) -> dict[str, int]:
    """Return the resident memory of each service process in MiB, without its workers."""
    services = up.said["services"]
    return {name: psutil.Process(service["pid"]).memory_info().rss >> 20 for name, service in services.items()}


async def fuzz(up: Up, run_id: str, count: int, seed: int) -> tuple[Outcomes, Bystander]:
    """Send `count` requests, half of them directly and half through the gateway."""
    chance = random.Random(seed)
    known: dict[str, Sequence[Any]] = {
        "run_id": [run_id, "x", f"{run_id}0"],
        "dataset_id": ["day-2024-05-17", "day-2024-05-18"],
        "dataset": ["", "day-2024-05-17"],
        "config_id": ["btc", "nothing"],
        "instrument_id": [BTC, "BTC-USDT-PERP.SAMPLE-FUTURES"],
        "instrument": [BTC, f"{BTC}@LIN"],
        "id": [BTC],
        "name": ["summary.json", "orders.csv", "TempBacktestStrategy", "SAMPLE-FUTURES"],
        "seconds": [1_715_990_340, 1_715_990_460, 253_402_300_799, 253_402_300_800, 9_223_372_037, -62_135_596_801],
        "nanos": [0, 999_999_999, -1, 2_000_000_000],
        "page_size": [1, 5, 50],
        "cursor": ["", "1", "1.1"],
        "price_precision": [1],
        "size_precision": [3],
    }
    requests, outcomes = Requests(chance, known), Outcomes()
    services = up.said["services"]
    bystander = Bystander(services["gateway"]["address"], "btc")
    gate = asyncio.Semaphore(CONCURRENT)
    async with bystander.running():
        channels = {
            name: grpc.aio.insecure_channel(service["address"]) for name, service in services.items() if name != "frontend"
        }

        async def one(number: int, method: MethodDescriptor, content: bytes, own: random.Random) -> None:
            service = method.containing_service.name.removesuffix("Service").lower()
            async with gate, asyncio.timeout(2 * PATIENCE):
                if number % 4 < 2:
                    await ask(channels[service], method, content, outcomes)
                elif number % 4 == 2:
                    await ask(channels["gateway"], method, content, outcomes)
                else:
                    code, details = await asyncio.to_thread(
                        ask_as_a_browser, services["gateway"]["address"], method, content, own
                    )
                    outcomes.add(code, method, content, details)

        pending: set[asyncio.Task[None]] = set()
        warm = resident(up)
        for number in range(count):
            if number == count // 3:
                await asyncio.gather(*pending)
                pending, warm = set(), resident(up)
            method, content = requests.next()
            pending.add(asyncio.create_task(one(number, method, content, random.Random(chance.random()))))
            if len(pending) >= 4 * CONCURRENT:
                done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
        await asyncio.gather(*pending)
        outcomes.grown = {name: memory - warm[name] for name, memory in resident(up).items()}
        for channel in channels.values():
            await channel.close()
    return outcomes, bystander


@pytest.mark.timeout(0 if REQUESTS > 1_000 else 600)
def test_hostile_requests_get_allowed_codes_and_do_not_affect_others(tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    terminal = Terminal(tmp_path, {"TMPDIR": str(tmp_path / "tmp")})
    terminal.call("sample-data", "--rows", 500)
    (tmp_path / "configs").mkdir()
    write_config(tmp_path / "configs/btc.json")
    with terminal.up(jobs=False) as up:
        run = up.terminal.json("run", "--config", "configs/btc.json", "--snapshot_mode", "trades", "--full", "true")
        outcomes, bystander = asyncio.run(fuzz(up, run["run_id"], REQUESTS, SEED))
        print(f"seed {SEED}: {dict(outcomes.codes)}; growth {outcomes.grown} MiB")
        print(f"calls of the other client: {bystander.calls}, of which {len(bystander.failed)} failed")
        assert outcomes.unexpected == []
        assert outcomes.codes.total() == REQUESTS
        assert (bystander.calls > 0, bystander.failed) == (True, [])
        assert files_outside(tmp_path) == set()
        assert REQUESTS < LONG_RUN or max(outcomes.grown.values()) <= MAX_GROWTH
        assert all(is_alive(pid) for pid in up.pids)
        up.terminal.call("runs")
