"""StreamTicks: the requested columns, and each row exactly once however often the stream breaks."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from full_runs import Ticks, without_recorded_times, write_full_run
from tickreel.results.ticks import RunTicks, cached_chunks
from tickreel.rpc.channel import ServiceClient
from tickreel.rpc.columns import ROWS_PER_CHUNK
from tickreel.rpc.errors import TickreelError
from tickreel.stores.catalog import CatalogStore
from tickreel.stores.column_files import Columns, ColumnStore
from tickreel.stores.derived_files import DerivedFiles
from tickreel.stores.results import ResultStore
from tickreel.v1 import results_service_pb2 as rpc
from tickreel.v1.market_data_pb2 import TradeColumns

ROWS = 70_000
TICKS = Ticks.random(ROWS)


@pytest.fixture
def run(store: ResultStore) -> Path:
    """The folder of a full run F."""
    return write_full_run(store, "F", TICKS, group=30_000, timeline=False)


async def stream(results: ServiceClient, *paths: str, cursor: str = "") -> list[rpc.StreamTicksResponse]:
    request = rpc.StreamTicksRequest(run_id="F", cursor=cursor)
    request.read_mask.paths.extend(paths)
    return [chunk async for chunk in results.stream("StreamTicks", request)]


async def test_the_mask_selects_the_columns(run: Path, results: ServiceClient) -> None:
    slow = await stream(results, "price", "side")
    await results.call("SampleTicks", rpc.SampleTicksRequest(run_id="F"))
    quick = await stream(results, "price", "side")
    for chunks in (slow, quick):
        assert [price for chunk in chunks for price in chunk.trades.price] == TICKS.price.tolist()
        assert [side for chunk in chunks for side in chunk.trades.side] == TICKS.side.tolist()
        assert {field.name for chunk in chunks for field, _ in chunk.trades.ListFields()} == {
            "price_precision",
            "size_precision",
            "price",
            "side",
            "first_row",
        }
        assert [chunk.trades.first_row + row for chunk in chunks for row in range(len(chunk.trades.price))] == list(range(ROWS))
        assert [chunk.cursor for chunk in chunks][-1] == str(ROWS)
        assert {chunk.total_rows for chunk in chunks} == {ROWS}


async def test_without_a_mask_all_columns_are_sent(run: Path, results: ServiceClient) -> None:
    await results.call("SampleTicks", rpc.SampleTicksRequest(run_id="F"))
    chunks = await stream(results)
    assert [name for chunk in chunks for name in chunk.trades.trade_id] == [str(row + 1) for row in range(ROWS)]
    assert [ts for chunk in chunks for ts in chunk.trades.ts_init] == TICKS.ts.tolist()
    assert [ts for chunk in chunks for ts in chunk.trades.ts_recorded] == (TICKS.ts // 1_000 * 1_000).tolist()


async def test_a_result_without_recorded_times_is_streamed_without_them(run: Path, results: ServiceClient) -> None:
    without_recorded_times(run)
    chunks = await stream(results)
    assert [ts for chunk in chunks for ts in chunk.trades.ts_init] == TICKS.ts.tolist()
    assert not any(chunk.trades.ts_recorded for chunk in chunks)
    assert sum(len(chunk.trades.ts_recorded) for chunk in await stream(results, "ts_recorded")) == 0
    assert chunks[-1].trades.first_row + len(chunks[-1].trades.ts_init) == ROWS


async def test_an_unknown_column_is_refused_with_the_known_columns(run: Path, results: ServiceClient) -> None:
    with pytest.raises(
        TickreelError, match="names 'volume'; the columns are ts_event, ts_init, price, size, side, trade_id, ts_recorded"
    ):
        await stream(results, "price", "volume")


@pytest.mark.parametrize("cursor", ["-1", "x", "1.5", "9" * 19])
async def test_an_invalid_cursor_is_refused(run: Path, results: ServiceClient, cursor: str) -> None:
    with pytest.raises(TickreelError) as caught:
        await stream(results, cursor=cursor)
    assert [violation.field for violation in caught.value.violations] == ["cursor"]


@pytest.fixture(scope="module")
def both_ways(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunTicks, Columns]:
    """The ticks of a run from its table, and as cached columns."""
    folder = tmp_path_factory.mktemp("ticks")
    store = ResultStore(folder / "results", folder / "tickdata")
    path = write_full_run(store, "F", TICKS, group=30_000, timeline=False)
    ticks = RunTicks(store.load(store.find("F")), path / "ticks.parquet", CatalogStore(folder / "catalog"))
    return ticks, ColumnStore(DerivedFiles(folder / "columns", 100)).get("ticks", ticks.make)


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(1, 3)), max_size=6))
def test_each_row_arrives_once_from_the_table_or_the_cache(
    both_ways: tuple[RunTicks, Columns], connections: list[tuple[bool, int]]
) -> None:
    """A connection breaks after some chunks. For the next one, the columns may be cached or no longer cached."""
    ticks, columns = both_ways
    after, arrived = 0, []

    def connect(is_cached: bool) -> Iterator[list[int]]:
        nonlocal after
        chunks = cached_chunks(columns, after, ["ts_init"]) if is_cached else ticks.chunks(after, ["ts_init"])
        for chunk in chunks:
            after = chunk.rows_until_end
            trades = TradeColumns.FromString(chunk.columns.content)
            assert len(trades.ts_init) <= ROWS_PER_CHUNK
            yield list(trades.ts_init)

    for is_cached, chunks in connections:
        reading = connect(is_cached)
        for _ in range(chunks):
            arrived += next(reading, [])
    for rest in connect(True):
        arrived += rest
    assert arrived == TICKS.ts.tolist()
