"""Samples of ticks, markers and equity for charts: extremes are kept, and counts add up."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from google.protobuf import timestamp_pb2
from google.protobuf.field_mask_pb2 import FieldMask
from hypothesis import given, settings
from hypothesis import strategies as st

from full_runs import START, Ticks, write_full_run
from tickreel.results.markers import make_orders, markers, with_markers
from tickreel.results.stored_table import stored_table
from tickreel.results.ticks import TickChunk, tick_sample
from tickreel.rpc.bounds import FIRST_INSTANT, LAST_INSTANT
from tickreel.rpc.channel import ServiceClient
from tickreel.rpc.columns import Wire
from tickreel.rpc.errors import TickreelError
from tickreel.runner.result.parquet_tables import decimals
from tickreel.stores.column_files import Columns, ColumnStore, ColumnWriter
from tickreel.stores.derived_files import DerivedFiles
from tickreel.stores.results import ResultStore
from tickreel.v1 import results_service_pb2 as rpc
from tickreel.v1.market_data_pb2 import TradeColumns
from tickreel.v1.report_pb2 import MarkerColumns

ROWS = 5_000
TICKS = Ticks.random(ROWS)


@pytest.fixture
def run(store: ResultStore) -> Path:
    """The folder of a full run F of 5,000 ticks, in many row groups."""
    return write_full_run(store, "F", TICKS, group=700, timeline=False)


def instant(nanoseconds: int) -> timestamp_pb2.Timestamp:
    stamp = timestamp_pb2.Timestamp()
    stamp.FromNanoseconds(nanoseconds)
    return stamp


def window(start: int, end: int) -> dict[str, timestamp_pb2.Timestamp]:
    return {"start": instant(start), "end": instant(end)}


async def sample(results: ServiceClient, **fields: Any) -> rpc.SampleTicksResponse:
    response: rpc.SampleTicksResponse = await results.call("SampleTicks", rpc.SampleTicksRequest(run_id="F", **fields))
    return response


async def test_a_window_with_few_rows_is_not_sampled(run: Path, results: ServiceClient) -> None:
    first, last = 1_000, 1_400
    response = await sample(results, **window(int(TICKS.ts[first]), int(TICKS.ts[last])))
    trades, rows = response.trades, slice(first, last + 1)
    assert response.rows == response.orders == 401
    assert (trades.price_precision, trades.size_precision) == (1, 3)
    assert list(trades.ts_init) == TICKS.ts[rows].tolist()
    assert list(trades.ts_event) == (TICKS.ts[rows] - 1_000).tolist()
    assert list(trades.price) == TICKS.price[rows].tolist()
    assert list(trades.size) == TICKS.size[rows].tolist()
    assert list(trades.side) == TICKS.side[rows].tolist()
    # One marker per order.
    drawn = response.markers
    assert list(drawn.first_order) == list(range(first + 1, last + 2))
    assert set(drawn.orders) == {1}
    assert list(drawn.filled) == [int(order % 4 != 0) for order in drawn.first_order]
    assert list(drawn.side) == [1 if side == 1 else -1 for side in TICKS.side[rows]]
    assert list(drawn.ts_first) == list(drawn.ts_last) == TICKS.ts[rows].tolist()
    assert list(drawn.price_low) == list(drawn.price_high) == TICKS.price[rows].tolist()
    assert list(drawn.filled_size) == [
        int(size) if order % 4 else 0 for order, size in zip(drawn.first_order, TICKS.size[rows], strict=True)
    ]


async def test_a_sample_of_the_whole_run_keeps_the_extremes(run: Path, results: ServiceClient) -> None:
    response = await sample(results, max_points=400, max_markers=60)
    assert response.rows == response.orders == ROWS
    assert 100 < len(response.trades.price) <= 400
    assert min(response.trades.price) == TICKS.price.min()
    assert max(response.trades.price) == TICKS.price.max()
    assert (response.trades.ts_init[0], response.trades.ts_init[-1]) == (TICKS.ts[0], TICKS.ts[-1])
    assert 2 < len(response.markers.orders) <= 60
    assert sum(response.markers.orders) == ROWS
    assert sum(response.markers.filled) == ROWS - ROWS // 4


async def test_a_read_mask_selects_trades_or_markers(run: Path, results: ServiceClient) -> None:
    trades = await sample(results, read_mask=FieldMask(paths=["trades"]))
    assert trades.rows == ROWS
    assert len(trades.trades.price) > 0
    assert not trades.HasField("markers")
    drawn = await sample(results, read_mask=FieldMask(paths=["markers"]))
    assert drawn.orders == ROWS
    assert len(drawn.markers.orders) > 0
    assert not drawn.HasField("trades")
    both = await sample(results, read_mask=FieldMask(paths=["markers", "trades"]))
    assert (both.trades, both.markers) == (trades.trades, drawn.markers)
    assert both == await sample(results)


@pytest.mark.parametrize("row", [0, 17, ROWS - 1])
async def test_a_zoom_to_one_nanosecond_finds_its_row(run: Path, results: ServiceClient, row: int) -> None:
    at = int(TICKS.ts[row])
    response = await sample(results, **window(at, at))
    assert list(response.trades.ts_init) == [at]
    assert list(response.markers.first_order) == [row + 1]
    beside = await sample(results, **window(at + 1, at + 1))
    assert (beside.rows, beside.orders, len(beside.trades.price), len(beside.markers.orders)) == (0, 0, 0, 0)


async def test_a_larger_sample_than_the_limit_is_reduced_to_the_limit(run: Path, results: ServiceClient) -> None:
    response = await sample(results, max_points=2_000_000_000, max_markers=2_000_000_000)
    assert len(response.trades.price) == ROWS
    assert len(response.markers.orders) == ROWS


async def test_deleted_columns_are_made_again(tmp_path: Path, run: Path, results: ServiceClient) -> None:
    first = await sample(results)
    columns = tmp_path / "state/results/derived"
    for path in [*columns.rglob("*.*")]:
        if path.is_file():
            path.unlink()
    assert await sample(results) == first


async def test_columns_of_a_deleted_run_are_not_used_for_its_replacement(
    store: ResultStore, run: Path, results: ServiceClient
) -> None:
    assert (await sample(results)).rows == ROWS
    store.discard("F")
    write_full_run(store, "F", Ticks.random(10), timeline=False)
    assert (await sample(results)).rows == 10


async def test_the_equity_keeps_its_extremes_and_the_deepest_drawdown(run: Path, results: ServiceClient) -> None:
    table = pq.read_table(run / "equity.parquet")
    equity, drawdown = (table[name].cast(pa.float64()).to_numpy() for name in ("equity", "drawdown"))
    whole = await results.call("SampleEquity", rpc.SampleEquityRequest(run_id="F", max_points=20_000))
    assert list(whole.equity.ts) == TICKS.ts.tolist()
    assert list(whole.equity.equity) == equity.tolist()
    assert list(whole.equity.drawdown) == drawdown.tolist()
    assert list(whole.equity.position) == table["position"].cast(pa.float64()).to_pylist()
    reduced = await results.call("SampleEquity", rpc.SampleEquityRequest(run_id="F", max_points=100))
    assert (reduced.points, whole.points) == (ROWS, ROWS)
    assert len(reduced.equity.ts) <= 100
    assert (min(reduced.equity.equity), max(reduced.equity.equity)) == (equity.min(), equity.max())
    assert max(reduced.equity.drawdown) == drawdown.max()
    part = rpc.SampleEquityRequest(run_id="F", start=instant(int(TICKS.ts[10])), end=instant(int(TICKS.ts[20])))
    assert list((await results.call("SampleEquity", part)).equity.ts) == TICKS.ts[10:21].tolist()


@pytest.mark.parametrize("after", [0, 1, 32_768, 40_000])
async def test_streamed_equity_resumes_after_its_cursor(store: ResultStore, results: ServiceClient, after: int) -> None:
    ticks = Ticks.random(40_000)
    write_full_run(store, "L", ticks, timeline=False)
    request = rpc.StreamEquityRequest(run_id="L", cursor=str(after) if after else "")
    chunks = [chunk async for chunk in results.stream("StreamEquity", request)]
    assert [ts for chunk in chunks for ts in chunk.equity.ts] == ticks.ts[after:].tolist()
    assert {chunk.total_points for chunk in chunks} <= {40_000}
    assert [chunk.cursor for chunk in chunks][-1:] == (["40000"] if after < 40_000 else [])


@pytest.mark.parametrize(
    ("call", "fields", "field"),
    [
        ("SampleTicks", {"max_points": -1}, "max_points"),
        ("SampleTicks", {"max_markers": -1}, "max_markers"),
        ("SampleTicks", {"read_mask": FieldMask(paths=["trades", "rows"])}, "read_mask"),
        ("SampleTicks", window(START + 1, START), "end"),
        ("SampleTicks", {"start": timestamp_pb2.Timestamp(seconds=2**40)}, "start"),
        ("SampleTicks", {"end": timestamp_pb2.Timestamp(nanos=2_000_000_000)}, "end"),
        ("SampleEquity", {"max_points": -5}, "max_points"),
        ("SampleEquity", window(START + 1, START), "end"),
    ],
)
async def test_invalid_requests_are_refused(
    run: Path, results: ServiceClient, call: str, fields: dict[str, Any], field: str
) -> None:
    request = getattr(rpc, f"{call}Request")(run_id="F", **fields)
    with pytest.raises(TickreelError) as caught:
        await results.call(call, request)
    assert caught.value.reason == "INVALID_REQUEST"
    assert [violation.field for violation in caught.value.violations] == [field]


@pytest.mark.parametrize("call", ["SampleTicks", "SampleEquity"])
async def test_an_unknown_run_is_not_found(results: ServiceClient, call: str) -> None:
    with pytest.raises(TickreelError) as caught:
        await results.call(call, getattr(rpc, f"{call}Request")(run_id="nobody"))
    assert (caught.value.reason, caught.value.metadata["id"]) == ("NOT_FOUND", "nobody")


async def test_the_equity_of_a_fast_run_is_refused_with_the_remedy(results: ServiceClient) -> None:
    with pytest.raises(TickreelError) as caught:
        await results.call("SampleEquity", rpc.SampleEquityRequest(run_id="S"))
    assert (caught.value.reason, caught.value.metadata) == ("TABLE_NOT_KEPT", {"run_id": "S", "table": "equity"})
    assert "repeat it in full mode" in caught.value.message


async def test_a_missing_table_is_named(run: Path, results: ServiceClient) -> None:
    (run / "equity.parquet").unlink()
    with pytest.raises(TickreelError, match=r"equity\.parquet of the result F cannot be read") as caught:
        await results.call("SampleEquity", rpc.SampleEquityRequest(run_id="F"))
    assert caught.value.reason == "DATA_CHANGED"


@pytest.fixture(scope="module")
def ticks(tmp_path_factory: pytest.TempPathFactory) -> Columns:
    """The columns of 1,000 ticks, some with equal times."""
    made = Ticks.random(1_000, pause=3)
    columns = {"ts_event": made.ts, "ts_init": made.ts, "price": made.price, "size": made.size}
    side = made.side.astype(np.uint8)

    def make(writer: ColumnWriter) -> None:
        writer.facts.update(price_precision=1, size_precision=3)
        writer.append(**columns, side=side)

    return ColumnStore(DerivedFiles(tmp_path_factory.mktemp("ticks"), 100)).get("ticks", make)


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Columns:
    """The columns of the orders of a run of 1,000 ticks, some with equal times."""
    folder = tmp_path_factory.mktemp("orders")
    ticks = Ticks.random(1_000, pause=3)
    store = ResultStore(folder / "results", folder / "tickdata")
    write_full_run(store, "M", ticks, timeline=False)
    columns = ColumnStore(DerivedFiles(folder / "columns", 100))
    facts = columns.get("ticks", lambda writer: writer.append(ts_init=ticks.ts, price=ticks.price))
    return columns_of_orders(columns, store, lambda: facts)


def columns_of_orders(columns: ColumnStore, store: ResultStore, ticks: Callable[[], Columns]) -> Columns:
    """Make the columns of the orders of the run M."""
    stored = store.find("M")
    with stored_table(stored, store.load(stored), "orders") as orders:
        return columns.get("orders", partial(make_orders, orders, ticks))


@settings(deadline=None)
@given(st.integers(-5, 2_100), st.integers(-5, 2_100), st.integers(1, 1_200))
def test_each_order_is_in_exactly_one_marker_of_its_side(orders: Columns, one: int, other: int, most: int) -> None:
    ticks = Ticks.random(1_000, pause=3)
    start, end = START + min(one, other), START + max(one, other)
    columns, count = markers(orders, start, end, most)
    drawn = MarkerColumns.FromString(columns.content)
    inside = np.flatnonzero((ticks.ts >= start) & (ticks.ts <= end))
    assert count == len(inside) == sum(drawn.orders)
    assert len(drawn.orders) <= max(2, most)
    assert list(drawn.ts_first) == sorted(drawn.ts_first)
    seen: list[int] = []
    for at, first in enumerate(drawn.first_order):
        side = 1 if drawn.side[at] == 1 else 2
        between = (ticks.ts[inside] >= drawn.ts_first[at]) & (ticks.ts[inside] <= drawn.ts_last[at])
        rows = inside[between & (ticks.side[inside] == side)]
        assert (rows[0] + 1, len(rows)) == (first, drawn.orders[at])
        filled = (rows + 1) % 4 != 0
        assert drawn.filled[at] == filled.sum()
        assert drawn.filled_size[at] == ticks.size[rows][filled].sum()
        assert (drawn.price_low[at], drawn.price_high[at]) == (ticks.price[rows].min(), ticks.price[rows].max())
        seen += rows.tolist()
    assert sorted(seen) == inside.tolist()


@settings(deadline=None)
@given(st.lists(st.integers(-5, 2_100), min_size=1, max_size=30), st.sets(st.integers(1, 29)), st.integers(0, 29))
def test_each_order_comes_with_its_ticks_wherever_a_stream_breaks(
    orders: Columns, offsets: list[int], cuts: set[int], broken: int
) -> None:
    """Orders may be before, between and after ticks, and some ticks have equal times."""
    clock = np.array(sorted(offsets)) + START
    ends = sorted({cut for cut in cuts if cut < len(clock)} | {len(clock)})
    after = [0, *ends[:-1]][broken % len(ends)]
    chunks = [TickChunk(Wire((b"",)), end) for end in ends]
    first = [chunk for chunk in chunks if chunk.rows_until_end <= after]
    arrived: list[int] = []
    for chunk, wire in [
        *with_markers(first, orders, clock, 0),
        *with_markers(chunks[len(first) :], orders, clock, after),
    ]:
        drawn, end = MarkerColumns.FromString(wire.content), chunk.rows_until_end
        assert set(drawn.orders) <= {1}
        start = [0, *ends][ends.index(end)]
        assert all(ts > clock[start - 1] for ts in drawn.ts_first if start)
        assert all(ts <= clock[end - 1] for ts in drawn.ts_first if end < len(clock))
        arrived += drawn.first_order
    assert sorted(arrived) == list(range(1, 1_001))


@settings(deadline=None)
@given(st.integers(-5, 2_100), st.integers(-5, 2_100), st.integers(1, 300))
def test_every_window_of_ticks_keeps_its_ends_and_extremes(ticks: Columns, one: int, other: int, most: int) -> None:
    start, end = START + min(one, other), START + max(one, other)
    wire, rows = tick_sample(ticks, start, end, most)
    drawn = TradeColumns.FromString(wire.content)
    inside = np.flatnonzero((ticks["ts_init"] >= start) & (ticks["ts_init"] <= end))
    assert rows == len(inside)
    assert len(drawn.price) <= max(4, most)
    if rows:
        price = ticks["price"][inside]
        assert (min(drawn.price), max(drawn.price)) == (price.min(), price.max())
        assert (drawn.ts_init[0], drawn.ts_init[-1]) == (ticks["ts_init"][inside[0]], ticks["ts_init"][inside[-1]])
        assert (drawn.price[0], drawn.price[-1]) == (price[0], price[-1])
    assert set(zip(drawn.ts_init, drawn.price, strict=True)) <= set(
        zip(ticks["ts_init"][inside].tolist(), ticks["price"][inside].tolist(), strict=True)
    )


def test_a_market_order_is_drawn_at_its_average_fill_or_at_the_last_trade(tmp_path: Path) -> None:
    ticks = Ticks.random(8)
    store = ResultStore(tmp_path / "results", tmp_path / "tickdata")
    path = write_full_run(store, "M", ticks, timeline=False)
    table = pq.read_table(path / "orders.parquet")
    at = table.schema.get_field_index("price")
    pq.write_table(table.set_column(at, "price", pa.nulls(8, table.schema.field(at).type)), path / "orders.parquet")
    columns = ColumnStore(DerivedFiles(tmp_path / "columns", 100))

    def make_ticks(writer: ColumnWriter) -> None:
        # Two decimals: ticks and orders may have different decimals.
        writer.facts.update(price_precision=2)
        writer.append(ts_init=ticks.ts, price=(ticks.price + 7) * 10)

    made_ticks = columns.get("ticks", make_ticks)
    made = columns_of_orders(columns, store, lambda: made_ticks)
    drawn = MarkerColumns.FromString(markers(made, FIRST_INSTANT, LAST_INSTANT, 8)[0].content)
    # Every fourth order has no fill.
    assert list(drawn.price_low) == [int(price) + 7 * (row in (3, 7)) for row, price in enumerate(ticks.price)]
    assert list(drawn.orders) == [1] * 8


def test_a_marker_of_sizes_beyond_64_bits_has_fewer_decimals(tmp_path: Path) -> None:
    rows = 100
    ticks = Ticks(START + np.arange(rows), np.full(rows, 10), np.full(rows, 10**15), np.ones(rows, dtype=np.int64))
    store = ResultStore(tmp_path / "results", tmp_path / "tickdata")
    path = write_full_run(store, "M", ticks, timeline=False)
    columns = ColumnStore(DerivedFiles(tmp_path / "columns", 100))
    table = pq.read_table(path / "orders.parquet")
    filled = decimals(np.full(rows, 10**17), 8)
    at = table.schema.get_field_index("filled_amount")
    pq.write_table(table.set_column(at, "filled_amount", filled), path / "orders.parquet")
    made = columns_of_orders(columns, store, lambda: pytest.fail("the ticks were read"))
    drawn = MarkerColumns.FromString(markers(made, FIRST_INSTANT, LAST_INSTANT, 2)[0].content)
    assert (list(drawn.orders), drawn.size_precision, drawn.filled_precision) == ([rows], 8, 7)
    assert list(drawn.filled_size) == [10**18]
