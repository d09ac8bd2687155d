"""Calls for converted trades and books in a window: bars, quotes, single books and streams, across files."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from google.protobuf import timestamp_pb2
from hypothesis import given, settings
from hypothesis import strategies as st

from recordings import BTC, DAY, NOON, RawFolder, books, micros, trades
from serving import serving, settings_in
from tickreel.catalog.bars import bar_length
from tickreel.catalog.market_stream import Cursor, Part, cut_chunks
from tickreel.catalog.service import CatalogServicer
from tickreel.converter.depth_conversion import DepthConversion
from tickreel.converter.trade_conversion import TradeConversion
from tickreel.rpc.channel import ServiceClient
from tickreel.rpc.columns import Wire, wire_of
from tickreel.rpc.errors import TickreelError
from tickreel.stores.catalog import CatalogStore
from tickreel.stores.instrument_name import InstrumentName
from tickreel.stores.raw_schema import BOOK_SNAPSHOT_5, LEVELS, TRADES
from tickreel.v1 import catalog_service_pb2 as rpc
from tickreel.v1.market_data_pb2 import DataType, TradeColumns

NEXT = "2024-07-19"
ID = "BTC-USDT-PERP.BINANCE-FUTURES"
SECOND = 1_000_000
ROWS = 500


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[ServiceClient]:
    async with serving("catalog", CatalogServicer, settings_in(tmp_path)) as client:
        yield client


def convert(raw: RawFolder, catalog: CatalogStore, day: str, price: int | None = None, kind: DataType = TRADES) -> None:
    (source,) = [file for file in raw.store.dataset(f"day-{day}").files if file.data_type == kind]
    conversion = TradeConversion if kind == TRADES else DepthConversion
    conversion(source, InstrumentName.parse(BTC), price, None).run(raw.store, catalog, lambda _: None)


def price_of(row: int) -> float:
    return 64_000 + (row * 7919 % 101) / 10


@pytest.fixture
def two_days(raw: RawFolder, catalog: CatalogStore) -> None:
    """Trades every three seconds over midnight. The first day is converted twice, with 1 and with 4 decimals of prices."""
    start = micros(f"{NEXT}T00:00:00") - 250 * 3 * SECOND
    for day, first in ((DAY, 0), (NEXT, 250)):
        rows = np.arange(first, first + 250)
        table = trades(
            250,
            local_timestamp=start + rows * 3 * SECOND,
            timestamp=start + rows * 3 * SECOND - 700,
            price=[price_of(row) for row in range(first, first + 250)],
            amount=(1 + rows) / 1000,
            id=pa.array(rows).cast(pa.string()),
        )
        raw.write(table, day)
    convert(raw, catalog, DAY)
    convert(raw, catalog, DAY, price=4)
    convert(raw, catalog, NEXT)


def ts_of(row: int) -> int:
    """Return the time of a row on the replay clock, rounded down to a microsecond."""
    return micros(f"{NEXT}T00:00:00") * 1000 + (row - 250) * 3 * SECOND * 1000


def window(start: int, end: int) -> dict[str, Any]:
    stamps = {"start": timestamp_pb2.Timestamp(), "end": timestamp_pb2.Timestamp()}
    stamps["start"].FromNanoseconds(start)
    stamps["end"].FromNanoseconds(end)
    return stamps


async def stream(client: ServiceClient, cursor: str = "", **fields: Any) -> list[rpc.StreamTradesResponse]:
    request = rpc.StreamTradesRequest(instrument_id=ID, cursor=cursor, **fields)
    return [chunk async for chunk in client.stream("StreamTrades", request)]


async def test_each_trade_streams_once_despite_several_choices_of_decimals(two_days: None, client: ServiceClient) -> None:
    chunks = await stream(client)
    assert [name for chunk in chunks for name in chunk.trades.trade_id] == [str(row) for row in range(ROWS)]
    assert {chunk.trades.price_precision for chunk in chunks} == {1}
    assert [price / 10 for chunk in chunks for price in chunk.trades.price] == [price_of(row) for row in range(ROWS)]
    assert [size for chunk in chunks for size in chunk.trades.size] == list(range(1, ROWS + 1))
    assert [ts // 1000 * 1000 for chunk in chunks for ts in chunk.trades.ts_init] == [ts_of(row) for row in range(ROWS)]


async def test_window_and_mask_hold_with_and_without_cached_columns(two_days: None, client: ServiceClient) -> None:
    fields = window(ts_of(100), ts_of(399) + 999)
    mask = {"paths": ["size", "side"]}
    slow = await stream(client, read_mask=mask, **fields)
    await client.call("SampleBars", rpc.SampleBarsRequest(instrument_id=ID))
    quick = await stream(client, read_mask=mask, **fields)
    for chunks in (slow, quick):
        assert [size for chunk in chunks for size in chunk.trades.size] == list(range(101, 401))
        assert [side for chunk in chunks for side in chunk.trades.side] == [(2, 1)[row % 2] for row in range(100, 400)]
        assert not any(chunk.trades.price or chunk.trades.trade_id for chunk in chunks)


@pytest.mark.parametrize("arrived", [1, 249, 250, 251, 499, 500])
async def test_a_stream_resumes_after_its_cursor(two_days: None, client: ServiceClient, arrived: int) -> None:
    first = await stream(client, **window(0, ts_of(arrived - 1) + 999))
    rest = await stream(client, cursor=first[-1].cursor)
    names = [name for chunk in first + rest for name in chunk.trades.trade_id]
    assert names == [str(row) for row in range(ROWS)]


async def test_a_stream_that_resumes_in_a_file_of_fewer_decimals_keeps_its_prices(
    raw: RawFolder, catalog: CatalogStore, client: ServiceClient
) -> None:
    midnight = micros(f"{NEXT}T00:00:00")
    for day, start, price in ((DAY, midnight - 10 * SECOND, 64_000.125), (NEXT, midnight, 64_000.5)):
        raw.write(trades(5, local_timestamp=start + SECOND * np.arange(5), price=[price] * 5), day)
        convert(raw, catalog, day)
    await client.call("SampleBars", rpc.SampleBarsRequest(instrument_id=ID))
    mask = {"paths": ["ts_init", "price"]}
    whole = await stream(client, read_mask=mask)
    clock = [ts for chunk in whole for ts in chunk.trades.ts_init]
    rest = await stream(client, cursor=f"{clock[6]}.1", read_mask=mask)
    assert {chunk.trades.price_precision for chunk in (*whole, *rest)} == {3}
    assert [price for chunk in rest for price in chunk.trades.price] == [64_000_500] * 3


async def test_hanging_up_ends_the_stream(two_days: None, client: ServiceClient) -> None:
    request = rpc.StreamTradesRequest(instrument_id=ID)
    async for _ in client.stream("StreamTrades", request):
        break
    async with asyncio.timeout(60):
        assert len(await stream(client)) == 2


@pytest.mark.parametrize("most", [1, 7, 100, 5_000])
async def test_bars_aggregate_their_trades(two_days: None, client: ServiceClient, most: int) -> None:
    response = await client.call("SampleBars", rpc.SampleBarsRequest(instrument_id=ID, max_bars=most))
    bars = response.bars
    assert response.rows == sum(bars.trades) == ROWS
    assert len(bars.ts_start) <= most
    rows: dict[int, list[int]] = {}
    for row in range(ROWS):
        rows.setdefault(ts_of(row) // bars.interval * bars.interval, []).append(row)
    assert list(bars.ts_start) == list(rows)
    for at, inside in enumerate(rows.values()):
        prices = [round(price_of(row) * 10) for row in inside]
        assert (bars.open[at], bars.high[at], bars.low[at], bars.close[at]) == (
            prices[0],
            max(prices),
            min(prices),
            prices[-1],
        )
        assert bars.volume[at] == sum(row + 1 for row in inside)
        assert bars.buy_volume[at] == sum(row + 1 for row in inside if row % 2)
        assert bars.trades[at] == len(inside)


@given(st.integers(0, 10**18), st.integers(0, 10**17), st.integers(1, 5_000))
def test_bars_are_as_short_as_their_number_allows(first: int, span: int, most: int) -> None:
    length = bar_length(first, first + span, most)
    assert (first + span) // length - first // length < most
    shorter = [known for known in (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600) if known * 10**9 < length]
    assert all((first + span) // (known * 10**9) - first // (known * 10**9) >= most for known in shorter)


@pytest.fixture
def book_days(raw: RawFolder, catalog: CatalogStore) -> None:
    """A book every second. The book of second 5 has no bids, and every book has LEVELS - 1 asks."""
    columns: dict[str, Any] = {}
    rows = 20
    for level in range(LEVELS):
        for side, sign in (("bids", -1), ("asks", 1)):
            price: list[float | None] = [64_000 + sign * (level + 1) / 10 + row for row in range(rows)]
            size: list[float | None] = [(row + level + 1) / 1000 for row in range(rows)]
            if side == "bids":
                price[5] = size[5] = None
            elif level == LEVELS - 1:
                price, size = [None] * rows, [None] * rows
            columns |= {f"{side}[{level}].price": price, f"{side}[{level}].amount": size}
    raw.write(books(rows, local_timestamp=NOON + np.arange(rows) * SECOND, **columns), DAY, data_type="book_snapshot_5")
    convert(raw, catalog, DAY, kind=BOOK_SNAPSHOT_5)


async def snapshot(client: ServiceClient, at: int) -> Any:
    stamp = timestamp_pb2.Timestamp()
    stamp.FromNanoseconds(at)
    request = rpc.GetDepthSnapshotRequest(instrument_id=ID, at=stamp)
    return (await client.call("GetDepthSnapshot", request)).depth


@pytest.mark.parametrize(("second", "row"), [(0.001, 0), (3.5, 3), (4.999, 4), (1_000_000, 19)])
async def test_the_book_of_an_instant_is_the_last_one_up_to_it(
    book_days: None, client: ServiceClient, second: float, row: int
) -> None:
    depth = await snapshot(client, NOON * 1000 + int(second * 1e9))
    assert depth.ts_init.ToNanoseconds() // 1000 == NOON + row * SECOND
    assert [Decimal(level.price) for level in depth.bids] == [Decimal(64_000 + row) - Decimal(n) / 10 for n in range(1, 6)]
    assert [Decimal(level.size) for level in depth.bids] == [Decimal(row + n) / 1000 for n in range(1, 6)]
    assert [Decimal(level.price) for level in depth.asks] == [Decimal(64_000 + row) + Decimal(n) / 10 for n in range(1, 5)]


async def test_a_book_may_lack_a_side(book_days: None, client: ServiceClient) -> None:
    depth = await snapshot(client, NOON * 1000 + 5_500_000_000)
    assert (len(depth.bids), len(depth.asks)) == (0, LEVELS - 1)


async def test_before_the_first_book_no_book_is_found(book_days: None, client: ServiceClient) -> None:
    with pytest.raises(TickreelError, match="no converted book at or before this instant") as caught:
        await snapshot(client, NOON * 1000 - 1_000_000)
    assert (caught.value.reason, caught.value.metadata["kind"]) == ("NOT_FOUND", "book")


async def test_quotes_keep_the_lowest_bid_and_the_highest_ask(book_days: None, client: ServiceClient) -> None:
    whole = await client.call("SampleQuotes", rpc.SampleQuotesRequest(instrument_id=ID))
    assert whole.rows == len(whole.quotes.bid) == 20
    assert list(whole.quotes.bid) == [-1 if row == 5 else 639_999 + row * 10 for row in range(20)]
    assert list(whole.quotes.ask) == [640_001 + row * 10 for row in range(20)]
    few = await client.call("SampleQuotes", rpc.SampleQuotesRequest(instrument_id=ID, max_points=4))
    assert few.rows == 20
    assert 639_999 in few.quotes.bid
    assert max(few.quotes.ask) == 640_191


async def test_books_stream_with_their_levels(book_days: None, client: ServiceClient) -> None:
    chunks = [chunk async for chunk in client.stream("StreamDepth", rpc.StreamDepthRequest(instrument_id=ID))]
    (depth,) = [chunk.depth for chunk in chunks]
    assert (depth.price_precision, depth.levels, len(depth.ts_init)) == (1, LEVELS, 20)
    assert len(depth.bid_price) == len(depth.ask_size) == 20 * LEVELS
    assert list(depth.bid_price[5 * LEVELS : 6 * LEVELS]) == [-1] * LEVELS
    assert list(depth.ask_price[LEVELS : 2 * LEVELS]) == [640_011, 640_012, 640_013, 640_014, -1]
    assert list(depth.ask_size[LEVELS : 2 * LEVELS]) == [2, 3, 4, 5, 0]
    after = rpc.StreamDepthRequest(instrument_id=ID, cursor=f"{depth.ts_init[6]}.1")
    (rest,) = [chunk.depth async for chunk in client.stream("StreamDepth", after)]
    assert list(rest.ts_init) == list(depth.ts_init[7:])


_pauses = st.lists(st.lists(st.integers(0, 2), max_size=12), max_size=5)


@settings(max_examples=200, deadline=None)
@given(_pauses, st.integers(1, 5), st.lists(st.integers(0, 4), max_size=5))
def test_every_row_arrives_once_when_a_stream_is_interrupted(
    pauses: list[list[int]], most: int, connections: list[int]
) -> None:
    """The parts have a clock with ties, and are read from the cursor's instant on, like files."""
    clock = np.cumsum(np.array([pause for part in pauses for pause in part], dtype=np.int64))
    bounds = np.cumsum([0, *map(len, pauses)])
    arrived: list[int] = []
    after: Cursor | None = None
    for chunks in [*connections, 10**6]:
        parts = []
        for first, past in pairwise(bounds):
            begin = first if after is None else max(first, int(np.searchsorted(clock, after.instant, "left")))
            rows = np.arange(begin, max(begin, past))
            if len(rows):

                def wire(some: slice, rows: npt.NDArray[np.int64] = rows) -> Wire:
                    return wire_of(TradeColumns, size=rows[some])

                parts.append(Part(clock[rows], wire))
        for number, (columns, cursor) in enumerate(cut_chunks(parts, after, most)):
            if number == chunks:
                break
            arrived += TradeColumns.FromString(columns.content).size
            after = Cursor.parse(str(cursor))
    assert arrived == list(range(len(clock)))


@pytest.mark.parametrize(
    ("call", "fields", "field"),
    [
        ("SampleBars", {"max_bars": -1}, "max_bars"),
        ("SampleQuotes", {"max_points": -1}, "max_points"),
        ("SampleBars", window(10, 9), "end"),
        ("SampleQuotes", window(10, 9), "end"),
        ("GetDepthSnapshot", {}, "at"),
    ],
)
async def test_invalid_windows_and_limits_are_refused(
    two_days: None, client: ServiceClient, call: str, fields: dict[str, Any], field: str
) -> None:
    with pytest.raises(TickreelError) as caught:
        await client.call(call, getattr(rpc, f"{call}Request")(instrument_id=ID, **fields))
    assert (caught.value.reason, [violation.field for violation in caught.value.violations]) == ("INVALID_REQUEST", [field])


@pytest.mark.parametrize("cursor", ["x", "1", "1.", "1.-1", "9" * 19 + ".1", "1.1.1"])
async def test_a_cursor_that_no_chunk_had_is_refused(two_days: None, client: ServiceClient, cursor: str) -> None:
    for call, request in (("StreamTrades", rpc.StreamTradesRequest), ("StreamDepth", rpc.StreamDepthRequest)):
        with pytest.raises(TickreelError) as caught:
            [chunk async for chunk in client.stream(call, request(instrument_id=ID, cursor=cursor))]
        assert [violation.field for violation in caught.value.violations] == ["cursor"]


@pytest.mark.parametrize("call", ["SampleBars", "SampleQuotes"])
async def test_an_instrument_outside_the_catalog_is_not_found(two_days: None, client: ServiceClient, call: str) -> None:
    with pytest.raises(TickreelError) as caught:
        await client.call(call, getattr(rpc, f"{call}Request")(instrument_id="SOL-USDT.SPOT"))
    assert (caught.value.reason, caught.value.metadata["kind"]) == ("NOT_FOUND", "instrument")
    # An instrument without books has no quotes.
    assert (await client.call("SampleQuotes", rpc.SampleQuotesRequest(instrument_id=f"{BTC}@LIN"))).rows == 0


async def test_overlapping_files_are_merged(raw: RawFolder, catalog: CatalogStore, client: ServiceClient) -> None:
    midnight = micros(f"{NEXT}T00:00:00")
    for day, offset in ((DAY, 0), (NEXT, 1_000)):
        raw.write(trades(50, local_timestamp=midnight + offset + np.arange(50) * 2_000, price=[64_000.5] * 50), day)
        convert(raw, catalog, day)
    await client.call("SampleBars", rpc.SampleBarsRequest(instrument_id=ID))
    for mask in ([], ["ts_init"]):
        chunks = await stream(client, read_mask={"paths": mask})
        clock = [ts // 1000 - midnight for chunk in chunks for ts in chunk.trades.ts_init]
        assert clock == [row * 1_000 for row in range(100)]
