"""Streams that break and resume: against a real server with a scripted Results service."""

import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from types import SimpleNamespace

import grpc
import pytest

from live import live
from tickreel.client import Client, TickreelError, calls
from tickreel.rpc.server import Server
from tickreel.v1 import market_data_pb2, results_service_pb2, results_service_pb2_grpc

CONTENT = bytes(range(200))
PART = 30
PRICES = list(range(1_000, 1_090))
CHUNK = 20


class BrokenResults(results_service_pb2_grpc.ResultsServiceServicer):
    """A Results service whose streams break.

    Attributes:
        breaks: The number of messages after which each call breaks, in order. Later calls do not break.
        on_break: Called before a stream breaks.
        requested: The offset or cursor of each call.
    """

    DESCRIPTOR = results_service_pb2.DESCRIPTOR.services_by_name["ResultsService"]
    add_to_server = staticmethod(results_service_pb2_grpc.add_ResultsServiceServicer_to_server)

    def __init__(self) -> None:
        self.breaks: list[int] = []
        self.on_break: Callable[[], None] = lambda: None
        self.requested: list[int | str] = []

    async def open(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to close."""

    async def ExportArtifact(  # noqa: N802 - the contract's name
        self, request: results_service_pb2.ExportArtifactRequest, context: grpc.aio.ServicerContext
    ) -> AsyncIterator[results_service_pb2.ExportArtifactResponse]:
        self.requested.append(request.offset)
        starts = list(range(request.offset, len(CONTENT), PART)) or [request.offset]
        for sent, start in enumerate(starts):
            await self._break_after(sent, context)
            yield results_service_pb2.ExportArtifactResponse(data=CONTENT[start : start + PART], total_bytes=len(CONTENT))

    async def StreamTicks(  # noqa: N802 - the contract's name
        self, request: results_service_pb2.StreamTicksRequest, context: grpc.aio.ServicerContext
    ) -> AsyncIterator[results_service_pb2.StreamTicksResponse]:
        self.requested.append(request.cursor)
        for sent, start in enumerate(range(int(request.cursor or 0), len(PRICES), CHUNK)):
            await self._break_after(sent, context)
            prices = PRICES[start : start + CHUNK]
            columns = market_data_pb2.TradeColumns(
                price_precision=2,
                size_precision=0,
                ts_event=prices,
                ts_init=prices,
                price=prices,
                size=prices,
                side=[market_data_pb2.AGGRESSOR_SIDE_UNSPECIFIED] * len(prices),
                trade_id=[""] * len(prices),
            )
            yield results_service_pb2.StreamTicksResponse(trades=columns, cursor=str(start + len(prices)))

    async def _break_after(self, sent: int, context: grpc.aio.ServicerContext) -> None:
        if self.breaks and sent >= self.breaks[0]:
            self.breaks.pop(0)
            self.on_break()
            await context.abort(grpc.StatusCode.UNAVAILABLE, "Socket closed")


@asynccontextmanager
async def _serve(results: BrokenResults) -> AsyncIterator[str]:
    server = Server(results)
    yield await server.start("127.0.0.1:0")
    await server.stop(0)


@pytest.fixture
def results() -> BrokenResults:
    return BrokenResults()


@pytest.fixture
def client(results: BrokenResults, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    monkeypatch.setattr(calls, "RETRY_FIRST", 0.01)

    def serve() -> AbstractAsyncContextManager[str]:
        return _serve(results)

    with live(serve) as address, Client(results=address) as made:
        yield made


def test_a_download_resumes_at_the_byte_where_it_broke(client: Client, results: BrokenResults, tmp_path: Path) -> None:
    results.breaks = [2, 0, 3]
    path = client.export("R", "orders.parquet", tmp_path / "orders.parquet")
    assert path.read_bytes() == CONTENT
    assert results.requested == [0, 60, 60, 150]
    assert list(tmp_path.iterdir()) == [path]


def test_ticks_resume_at_the_cursor_where_they_broke(client: Client, results: BrokenResults) -> None:
    results.breaks = [1, 0, 2]
    ticks = client.ticks("R")
    assert [int(price * 100) for price in ticks.to_pydict()["price"]] == PRICES
    assert results.requested == ["", "20", "20", "60"]
    assert set(ticks["side"].to_pylist()) == {"unknown"}


def test_a_stream_that_broke_while_the_client_was_suspended_resumes(
    client: Client, results: BrokenResults, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(monotonic=time.monotonic, sleep=time.sleep)
    monkeypatch.setattr(calls, "time", clock)

    def pass_1000_seconds() -> None:
        clock.monotonic = lambda: time.monotonic() + 1_000

    results.breaks, results.on_break = [2], pass_1000_seconds
    assert client.export("R", "orders.parquet", tmp_path / "orders.parquet").read_bytes() == CONTENT
    assert results.breaks == []


def test_the_client_gives_up_and_the_same_call_resumes(
    client: Client, results: BrokenResults, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "PATIENCE", 0.0)
    results.breaks = [3, 0]
    to = tmp_path / "orders.parquet"
    to.write_bytes(b"an earlier file")
    with pytest.raises(TickreelError, match="does not answer: Socket closed") as caught:
        client.export("R", "orders.parquet", to)
    assert caught.value.reason == "SERVICE_UNAVAILABLE"
    # The earlier file stays; the downloaded part is beside it.
    assert to.read_bytes() == b"an earlier file"
    assert len(list(tmp_path.iterdir())) == 2
    results.breaks.clear()
    client.export("R", "orders.parquet", to)
    assert to.read_bytes() == CONTENT
    assert results.requested == [0, 90]
    assert list(tmp_path.iterdir()) == [to]


def test_the_partial_download_of_another_file_is_not_resumed(
    client: Client, results: BrokenResults, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "PATIENCE", 0.0)
    to = tmp_path / "orders.parquet"
    results.breaks = [1]
    with pytest.raises(TickreelError):
        client.export("R", "orders.parquet", to)
    for run_id, name in (("S", "orders.parquet"), ("R", "fills.parquet")):
        client.export(run_id, name, to)
        assert to.read_bytes() == CONTENT
    assert results.requested == [0, 0, 0]


def test_a_complete_download_that_was_not_renamed_is_resumed(client: Client, results: BrokenResults, tmp_path: Path) -> None:
    to = tmp_path / "orders.parquet"

    def stop_before_the_rename(done: int, total: int) -> None:
        if done == total:
            raise InterruptedError

    with pytest.raises(TickreelError):
        client.export("R", "orders.parquet", to, on_progress=stop_before_the_rename)
    assert not to.exists()
    assert client.export("R", "orders.parquet", to).read_bytes() == CONTENT
    assert results.requested == [0, len(CONTENT)]


def test_an_unwritable_path_is_refused(client: Client, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for to in (tmp_path / "none/orders.parquet", tmp_path / "file/orders.parquet"):
        with pytest.raises(TickreelError, match=r"orders\.parquet cannot be written to ") as caught:
            client.export("R", "orders.parquet", to)
        assert (caught.value.reason, caught.value.metadata) == ("STORE_NOT_WRITABLE", {"path": str(to)})


def test_a_run_without_rows_has_an_empty_table(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.PRICES", [])
    ticks = client.ticks("R")
    assert (ticks.num_rows, ticks.num_columns) == (0, 8)
