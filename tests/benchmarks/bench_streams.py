"""Benchmark of the Results service: ticks, charts and tables of a large run, each beside a plain implementation.

    python tests/benchmarks/bench_streams.py [--rows 5000000] [--rounds 5]

The run is made from arrays, with one order per tick. Services and client are separate processes on this machine. Rounds
alternate, so that both sides meet the same noise. The table shows medians, and the best time to the first chunk.

The plain implementations:

- ticks: read from Parquet as lists of Python integers, with the same messages
- charts: made from whole columns, read each time
- sorted orders: ORDER BY, LIMIT and OFFSET
- ticks as JSON: json.dumps, one row at a time
- results: every file read with `json`
"""

import argparse
import asyncio
import itertools
import json
import math
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, cast

import duckdb
import grpc
import numpy as np
import pyarrow.parquet as pq

sys.path.append(str(Path(__file__).parents[1]))

from full_runs import Ticks, write_full_run
from serving import settings_in
from tickreel.results.service import ResultsServicer
from tickreel.rpc.channel import ServiceClient
from tickreel.rpc.columns import ROWS_PER_CHUNK, Wire, wire_of
from tickreel.rpc.server import Server
from tickreel.runner.ledger.pnl_sketch import PARTS
from tickreel.stores.converted_rows import integers, nanoseconds
from tickreel.stores.results import ResultStore
from tickreel.stores.sampling import downsampled_rows
from tickreel.v1 import market_data_pb2, result_pb2
from tickreel.v1 import results_service_pb2 as rpc

NUMBERS = ("ts_event", "ts_init", "price", "size", "side")
SIDES = {"buy": market_data_pb2.AGGRESSOR_SIDE_BUY, "sell": market_data_pb2.AGGRESSOR_SIDE_SELL}
RESULTS = 10_000
PLAIN_ROWS = 200_000
# Seconds that the slow client waits between two chunks.
PAUSE = 0.05


class PlainServicer(ResultsServicer):
    """The plain implementation of the same contract."""

    async def StreamTicks(  # noqa: N802
        self, request: rpc.StreamTicksRequest, context: grpc.aio.ServicerContext
    ) -> AsyncIterator[Wire]:
        path = self._store.find(request.run_id).summary.with_name("ticks.parquet")
        for batch in pq.ParquetFile(path).iter_batches(ROWS_PER_CHUNK, columns=list(request.read_mask.paths)):
            trades = market_data_pb2.TradeColumns(
                ts_event=[int(time) for time in nanoseconds(batch.column("ts_event"))],
                ts_init=[int(time) for time in nanoseconds(batch.column("ts_init"))],
                price=[int(value.scaleb(1)) for value in cast(list[Decimal], batch.column("price").to_pylist())],
                size=[int(value.scaleb(3)) for value in cast(list[Decimal], batch.column("size").to_pylist())],
                side=[SIDES[word] for word in cast(list[str], batch.column("side").to_pylist())],
            )
            yield wire_of(rpc.StreamTicksResponse, trades=trades)


@dataclass(frozen=True)
class Served:
    """A service in a separate process."""

    client: ServiceClient
    pid: int

    def memory(self, field: str) -> float:
        """Return the MB in a field of the process's /proc status."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{field}:"))


async def serve(kind: str, folder: Path) -> None:
    """Serve until standard input closes; this is the main function of a service's process."""
    server = Server({"tickreel": ResultsServicer, "plain": PlainServicer}[kind](settings_in(folder)))
    print(await server.start("127.0.0.1:0"), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await server.stop(0)


@asynccontextmanager
async def served(kind: str, folder: Path) -> AsyncIterator[Served]:
    """Run a service in a process while the context lasts."""
    command = [sys.executable, __file__, "--serve", kind, "--folder", str(folder)]
    process = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    client = ServiceClient("results", (await process.stdout.readline()).decode().strip())
    yield Served(client, process.pid)
    await client.close()
    process.stdin.close()
    await process.wait()


@dataclass(frozen=True)
class Reading:
    """Seconds to the first and to the last chunk, and the number of rows."""

    first: float
    seconds: float
    rows: int

    @property
    def rate(self) -> float:
        """Rows per second."""
        return self.rows / self.seconds


async def read_ticks(service: Served, *, pause: float = 0, most: float = math.inf) -> Reading:
    """Read the stream of ticks, or its first `most` rows."""
    request = rpc.StreamTicksRequest(run_id="F", read_mask={"paths": NUMBERS})
    begin = time.perf_counter()
    first, rows = 0.0, 0
    async with aclosing(service.client.stream("StreamTicks", request)) as chunks:
        async for chunk in chunks:
            rows += len(chunk.trades.price)
            first = first or time.perf_counter() - begin
            if rows >= most:
                break
            if pause:
                await asyncio.sleep(pause)
    return Reading(first, time.perf_counter() - begin, rows)


async def seconds_of(call: Callable[[], Awaitable[Any]]) -> float:
    """Return the seconds that a call takes."""
    begin = time.perf_counter()
    await call()
    return time.perf_counter() - begin


def plain_sample(path: Path) -> None:
    """Make a chart from whole columns of the table."""
    table = pq.read_table(path, columns=["ts_init", "price"]).combine_chunks()
    price = integers(table["price"].combine_chunks(), 1)
    downsampled_rows(nanoseconds(table["ts_init"].combine_chunks()), 2_000, lowest=[price], highest=[price])


def plain_page(path: Path, skip: int) -> None:
    """Read a page of sorted orders."""
    page = duckdb.sql(f"SELECT * FROM '{path}' ORDER BY price DESC LIMIT 100 OFFSET {skip}")
    assert page is not None
    page.to_arrow_table()


def plain_list(store: ResultStore) -> None:
    """Read a page of results from all of their files."""
    for path in (store.root / "fast").glob("*.json"):
        json.loads(path.read_text())


def show(label: str, ours: list[float], plain: list[float]) -> None:
    """Print a line of the table: medians in milliseconds."""
    mine, other = statistics.median(ours) * 1e3, statistics.median(plain) * 1e3
    print(f"{label:<58}{mine:>12,.1f}{other:>12,.1f}{other / mine:>10.1f} x")


async def main() -> None:
    """Make the run, measure both sides in turn, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        await serve(options.serve, options.folder)
        return
    with tempfile.TemporaryDirectory(prefix="tickreel-bench-") as folder:
        await measure(Path(folder), options.rows, options.rounds)


async def measure(folder: Path, rows: int, rounds: int) -> None:
    """Measure in a folder, and print the tables."""
    settings = settings_in(folder)
    store = ResultStore(settings.results_root, settings.tickdata_root)
    path = write_full_run(store, "F", Ticks.random(rows), timeline=False)
    async with served("tickreel", folder) as ours, served("plain", folder) as plain:
        await measure_stream(ours, plain, rows, rounds)
        await measure_answers(ours, path, rows, rounds)
        await measure_export(ours, path / "ticks.parquet", rows)
        await measure_memory(ours, rows)
    await measure_list(folder / "many", min(RESULTS, rows), rounds)


async def measure_stream(ours: Served, plain: Served, rows: int, rounds: int) -> None:
    """Measure the stream of ticks, over open connections."""
    for service in (ours, plain):
        await service.client.call("GetResult", rpc.GetResultRequest(run_id="F"))
    cold = await read_ticks(ours)
    await ours.client.call("SampleTicks", rpc.SampleTicksRequest(run_id="F"))
    sides = {
        "tickreel: StreamTicks, columns that lie ready": [await read_ticks(ours) for _ in range(rounds)],
        "tickreel: StreamTicks, before the first look at a chart": [cold],
        # Its rate does not depend on the number of rows. All rows would take minutes.
        "plain: lists of Python integers": [await read_ticks(plain, most=PLAIN_ROWS)],
    }
    print(f"{format(rows, ',') + ' ticks, five columns':<70}{'rows/s':>12}{'first ms':>12}")
    rates = {}
    for name, readings in sides.items():
        rates[name] = statistics.median(reading.rate for reading in readings)
        print(f"{name:<70}{rates[name]:>12,.0f}{min(reading.first for reading in readings) * 1e3:>12.1f}")
    quick, _, slow = rates.values()
    print(f"ratio {quick / slow:.1f} x the plain rate (target: at least 20,000,000 rows/s, first chunk within 20 ms)\n")


async def measure_answers(ours: Served, path: Path, rows: int, rounds: int) -> None:
    """Measure the calls of charts and tables."""

    async def ask(method: str, **fields: Any) -> None:
        await ours.client.call(method, getattr(rpc, f"{method}Request")(run_id="F", **fields))

    charts: list[float] = []
    equity: list[float] = []
    pages: list[float] = []
    plain_charts: list[float] = []
    plain_pages: list[float] = []
    # The first calls fill the caches.
    first_equity = await seconds_of(lambda: ask("SampleEquity"))
    first_page = await seconds_of(lambda: ask("ListOrders", order_by="price desc", page_size=100))
    await ask("ListOrders", order_by="price desc", page_size=100, skip=rows // 3)
    for number in range(1, rounds + 1):
        skip = rows * number // (rounds + 1)
        charts.append(await seconds_of(lambda: ask("SampleTicks")))
        plain_charts.append(await seconds_of(lambda: asyncio.to_thread(plain_sample, path / "ticks.parquet")))
        equity.append(await seconds_of(lambda: ask("SampleEquity")))
        page = partial(ask, "ListOrders", order_by="price desc", page_size=100, skip=skip)
        pages.append(await seconds_of(page))
        plain_pages.append(await seconds_of(partial(asyncio.to_thread, plain_page, path / "orders.parquet", skip)))
    print(f"{'answers, in milliseconds':<58}{'tickreel':>12}{'plain':>12}{'ratio':>12}")
    show("SampleTicks, all of the run at 2,000 points (target: 50)", charts, plain_charts)
    show("SampleEquity, likewise; plain: as a chart of ticks", equity, plain_charts)
    show("ListOrders, 100 of all sorted by price, from anywhere", pages, plain_pages)
    print(f"the first of a run: equity {first_equity * 1e3:,.0f} ms, sorted orders {first_page * 1e3:,.0f} ms\n")


async def measure_export(ours: Served, path: Path, rows: int) -> None:
    """Measure the export of ticks as JSON."""

    async def fetch() -> None:
        request = rpc.ExportArtifactRequest(run_id="F", name="ticks.json")
        async with aclosing(ours.client.stream("ExportArtifact", request)) as parts:
            async for _ in parts:
                pass

    made, ready = await seconds_of(fetch), await seconds_of(fetch)
    plain = await seconds_of(lambda: asyncio.to_thread(plain_export, path)) / min(PLAIN_ROWS, rows)
    print(f"{format(rows, ',') + ' ticks as JSON':<70}{'rows/s':>12}")
    print(f"{'tickreel: made and fetched (target: 1,000,000)':<70}{rows / made:>12,.0f}")
    print(f"{'tickreel: fetched again':<70}{rows / ready:>12,.0f}")
    print(f"{'plain: json.dumps, a row at a time':<70}{1 / plain:>12,.0f}\n")


def plain_export(path: Path) -> None:
    """Write the first ticks as JSON, one Python object per row."""
    batch = next(pq.ParquetFile(path).iter_batches(PLAIN_ROWS))
    # Python's datetime has no nanoseconds.
    times = [np.datetime_as_string(nanoseconds(batch.column(name)).view("M8[ns]")) for name in ("ts_event", "ts_init")]
    others = batch.select(["price", "size", "side", "trade_id"]).to_pylist()
    for event, init, row in zip(*times, others, strict=True):
        json.dumps({"ts_event": f"{event}Z", "ts_init": f"{init}Z"} | {name: str(value) for name, value in row.items()})


async def measure_memory(ours: Served, rows: int) -> None:
    """Measure the memory of the service while three clients stream at once, one of them slowly."""
    readers = [asyncio.create_task(read_ticks(ours, pause=pause)) for pause in (0, 0, PAUSE)]
    resident = anonymous = 0.0
    while not all(reader.done() for reader in readers):
        resident, anonymous = max(resident, ours.memory("VmRSS")), max(anonymous, ours.memory("RssAnon"))
        await asyncio.sleep(0.02)
    print(f"{'three clients at once, ' + format(rows, ',') + ' ticks each, one of them slowly':<70}{'MB':>12}")
    print(f"{'resident memory of the service (target: 500)':<70}{resident:>12,.0f}")
    print(f"{'of it its own: the rest is of mapped files':<70}{anonymous:>12,.0f}\n")


async def measure_list(folder: Path, count: int, rounds: int) -> None:
    """Measure the list of many results."""
    settings = settings_in(folder)
    store = ResultStore(settings.results_root, settings.tickdata_root)
    store.check_writable()
    for number in range(count):
        result = result_pb2.Result(
            run_id=f"R{number:05d}", mode=result_pb2.RUN_MODE_FAST, instrument="SAMPLE-FUTURES:PERPETUAL:BTC-USDT@LIN"
        )
        result.summary.pnl = str(number * 7919 % 10_007 - 5_000)
        result.summary.pnl_sketch.extend(number * 7919 * (point + 1) % 10_007 - 5_000.25 for point in range(2 * PARTS))
        for kind in (market_data_pb2.DATA_TYPE_TRADES, market_data_pb2.DATA_TYPE_BOOK_SNAPSHOT_5):
            result.metadata.data_files.add(source="s" * 90, path="p" * 120, digest="d" * 64, rows=number, data_type=kind)
        for code in "ABC":
            result.findings.add(severity=result_pb2.SEVERITY_INFO, code=code, message="What a reader should know. " * 8)
        store.commit(result, None, None)
    # The index trusts the times of folders only once they are a second old.
    await asyncio.sleep(1.1)
    async with served("tickreel", folder) as ours:
        requests = {
            "newest first": rpc.ListResultsRequest(),
            "summary.pnl < 0, sorted by it": rpc.ListResultsRequest(filter="summary.pnl < 0", order_by="summary.pnl"),
        }
        build = await seconds_of(lambda: ours.client.call("ListResults", rpc.ListResultsRequest()))
        measured: dict[str, list[float]] = {name: [] for name in requests}
        plain = []
        for _, (name, request) in itertools.product(range(rounds), requests.items()):
            measured[name].append(await seconds_of(partial(ours.client.call, "ListResults", request)))
        plain.append(await seconds_of(lambda: asyncio.to_thread(plain_list, store)))
    print(
        f"{'a page of 50 of ' + format(count, ',') + ' results, in milliseconds':<58}{'tickreel':>12}{'plain':>12}{'ratio':>12}"
    )
    for name, seconds in measured.items():
        show(f"ListResults, {name} (target: 30)", seconds, plain)
    print(f"the index from the files: {build:.1f} s (target: 10)")


if __name__ == "__main__":
    asyncio.run(main())
