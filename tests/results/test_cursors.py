"""Cursors and page tokens resume at the next row after any break, so that each row comes exactly once."""

import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from full_runs import Ticks, write_full_run
from serving import serving, settings_in
from tickreel.results.service import ResultsServicer
from tickreel.rpc.channel import ServiceClient
from tickreel.stores.results import ResultStore
from tickreel.v1 import results_service_pb2 as rpc

# Enough rows for some chunks of a stream. Tables are read in small pages, so fewer rows are enough.
STREAMED, LISTED = 70_000, 600
RUNS = {"STREAMED": Ticks.random(STREAMED), "LISTED": Ticks.random(LISTED)}


@dataclass(frozen=True)
class Reading:
    """A method that reads rows of a run.

    Attributes:
        fields: Fields of the request.
        rows: Returns the rows of a response.
        expected: Returns all rows of the run, given the folder of the full results.
    """

    method: str
    fields: dict[str, Any]
    rows: Callable[[Any], list[Any]]
    expected: Callable[[Path], list[Any]]

    async def responses(self, results: ServiceClient, after: str) -> AsyncIterator[tuple[list[Any], str]]:
        """Yield rows and the cursor or page token after them; "" at the end of a list."""
        request = getattr(rpc, f"{self.method}Request")
        if self.method.startswith("Stream"):
            async for response in results.stream(self.method, request(run_id="STREAMED", cursor=after, **self.fields)):
                yield self.rows(response), response.cursor
            return
        while True:
            page = await results.call(self.method, request(run_id="LISTED", page_size=50, page_token=after, **self.fields))
            after = page.next_page_token
            yield self.rows(page), after
            if not after:
                return


def column(table: str, name: str) -> Callable[[Path], list[Any]]:
    """Return a function that reads a column of a table of the run LISTED."""
    return lambda folder: pq.read_table(folder / f"LISTED/{table}.parquet")[name].to_pylist()


def by_price(folder: Path) -> list[int]:
    """Return the ids of the filled orders, highest price first."""
    table = pq.read_table(folder / "LISTED/orders.parquet").append_column("place", pa.array(np.arange(LISTED)))
    filled = table.filter(pc.equal(table["status"].cast(pa.string()), pa.scalar("filled")))
    return cast(list[int], filled.sort_by([("price", "descending"), ("place", "ascending")])["id"].to_pylist())


READINGS = {
    "ticks": Reading("StreamTicks", {}, lambda r: list(r.trades.ts_init), lambda _: RUNS["STREAMED"].ts.tolist()),
    "some columns": Reading(
        "StreamTicks",
        {"read_mask": {"paths": ["price"]}},
        lambda r: list(r.trades.price),
        lambda _: RUNS["STREAMED"].price.tolist(),
    ),
    "orders of ticks": Reading(
        "StreamTicks", {"markers": True}, lambda r: list(r.markers.first_order), lambda _: list(range(1, STREAMED + 1))
    ),
    "equity": Reading("StreamEquity", {}, lambda r: list(r.equity.ts), lambda _: RUNS["STREAMED"].ts.tolist()),
    "orders": Reading("ListOrders", {}, lambda r: [order.id for order in r.orders], column("orders", "id")),
    "sorted orders": Reading(
        "ListOrders",
        {"filter": "status = filled", "order_by": "price desc"},
        lambda r: [order.id for order in r.orders],
        by_price,
    ),
    "fills": Reading("ListFills", {}, lambda r: [fill.order_id for fill in r.fills], column("fills", "order_id")),
    "timeline": Reading(
        "ListTimeline",
        {},
        lambda r: [f"{event.ts.ToNanoseconds()} {event.event}" for event in r.events],
        lambda folder: [
            f"{np.datetime64(ts.removesuffix('Z'), 'ns').astype(int)} {event}"
            for ts, event in zip(column("timeline", "ts")(folder), column("timeline", "event")(folder), strict=True)
        ],
    ),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a deployment with both runs."""
    folder = tmp_path_factory.mktemp("cursors")
    store = ResultStore(folder / "results", folder / "tickdata")
    for run_id, ticks in RUNS.items():
        write_full_run(store, run_id, ticks, group=30_000, timeline=run_id == "LISTED")
    return folder


@pytest.mark.parametrize("reading", READINGS.values(), ids=READINGS.keys())
@settings(deadline=None, max_examples=5, suppress_health_check=[HealthCheck.too_slow])
@given(services=st.lists(st.tuples(st.booleans(), st.lists(st.integers(0, 3), max_size=3)), max_size=3))
async def test_each_row_comes_exactly_once(folder: Path, reading: Reading, services: list[tuple[bool, list[int]]]) -> None:
    """Read through several services in turn.

    Each service starts with or without the derived files of the one before, and each has some connections that break.
    """
    arrived: list[Any] = []
    after, is_whole = "", False
    for keeps_files, connections in [*services, (True, [1_000])]:
        if not keeps_files:
            shutil.rmtree(folder / "state", ignore_errors=True)
        async with serving("results", ResultsServicer, settings_in(folder)) as results:
            for responses in connections:
                if is_whole:
                    break
                left = responses
                async for rows, cursor in reading.responses(results, after):
                    arrived += rows
                    after, is_whole, left = cursor, not cursor, left - 1
                    if left < 0:
                        break
    assert arrived == reading.expected(folder / "results/full")
