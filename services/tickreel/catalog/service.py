"""The calls of the Catalog service. Files are read in threads, so that the event loop is never blocked."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import grpc

from tickreel.catalog.bars import sample_bars
from tickreel.catalog.books import depth_snapshot, sample_quotes
from tickreel.catalog.coverage import coverage, describe_instrument, interval_key
from tickreel.catalog.datasets import describe_dataset
from tickreel.catalog.market_rows import MarketRows
from tickreel.catalog.market_stream import Cursor, stream_depth, stream_trades
from tickreel.rpc.bounds import (
    DEFAULT_POINTS,
    FIRST_INSTANT,
    MOST_POINTS,
    requested_columns,
    requested_instant,
    requested_limit,
    requested_window,
)
from tickreel.rpc.call_thread import call_in_thread
from tickreel.rpc.columns import Wire, wire_of
from tickreel.rpc.paging import Page
from tickreel.rpc.read_ahead import read_ahead
from tickreel.rpc.settings import Settings
from tickreel.stores.catalog import CatalogStore
from tickreel.stores.column_files import ColumnStore
from tickreel.stores.derived_files import DerivedFiles
from tickreel.stores.raw import RawStore, day_of
from tickreel.stores.raw_schema import BOOK_SNAPSHOT_5, TRADES
from tickreel.v1 import catalog_service_pb2, catalog_service_pb2_grpc, market_data_pb2

DEFAULT_BARS, MOST_BARS = 500, 5_000


class CatalogServicer(catalog_service_pb2_grpc.CatalogServiceServicer):
    """Serves `CatalogService`."""

    DESCRIPTOR = catalog_service_pb2.DESCRIPTOR.services_by_name["CatalogService"]
    add_to_server = staticmethod(catalog_service_pb2_grpc.add_CatalogServiceServicer_to_server)

    def __init__(self, settings: Settings) -> None:
        self._raw = RawStore(settings.data_root, settings.raw_ending)
        self._catalog = CatalogStore(settings.catalog_root)
        self._derived = DerivedFiles(settings.state_root / "catalog/derived", settings.derived_limit)
        self._columns = ColumnStore(self._derived)

    async def open(self) -> None:
        """Remove unfinished derived files of an earlier process."""
        await asyncio.to_thread(self._derived.sweep)

    async def close(self) -> None:
        """Do nothing: the service holds no resources."""

    async def ListDatasets(  # noqa: N802
        self, request: catalog_service_pb2.ListDatasetsRequest, context: grpc.aio.ServicerContext
    ) -> catalog_service_pb2.ListDatasetsResponse:
        page = Page.of(request, "datasets")
        ids, token = page.cut(await asyncio.to_thread(self._raw.dataset_ids), _newest_first, descending=True)
        datasets = await asyncio.gather(*(call_in_thread(self._raw.dataset, dataset_id) for dataset_id in ids))
        described = [describe_dataset(dataset, with_files=False) for dataset in datasets]
        return catalog_service_pb2.ListDatasetsResponse(datasets=described, next_page_token=token)

    async def GetDataset(  # noqa: N802
        self, request: catalog_service_pb2.GetDatasetRequest, context: grpc.aio.ServicerContext
    ) -> catalog_service_pb2.GetDatasetResponse:
        dataset = await call_in_thread(self._raw.dataset, request.dataset_id)
        return catalog_service_pb2.GetDatasetResponse(dataset=describe_dataset(dataset, with_files=True))

    async def ListInstruments(  # noqa: N802
        self, request: catalog_service_pb2.ListInstrumentsRequest, context: grpc.aio.ServicerContext
    ) -> catalog_service_pb2.ListInstrumentsResponse:
        page = Page.of(request, "instruments")
        ids, token = page.cut(await asyncio.to_thread(self._catalog.engine_ids), str)
        instruments = await asyncio.gather(*(asyncio.to_thread(describe_instrument, name, self._catalog) for name in ids))
        return catalog_service_pb2.ListInstrumentsResponse(instruments=instruments, next_page_token=token)

    async def GetCoverage(  # noqa: N802
        self, request: catalog_service_pb2.GetCoverageRequest, context: grpc.aio.ServicerContext
    ) -> catalog_service_pb2.GetCoverageResponse:
        page = Page.of(request, "coverage", request.instrument_id)
        found = await asyncio.to_thread(coverage, request.instrument_id, self._catalog, self._raw)
        cut, token = page.cut(found, interval_key)
        intervals, token = page.fit(cut, token, interval_key)
        return catalog_service_pb2.GetCoverageResponse(intervals=intervals, next_page_token=token)

    async def SampleBars(  # noqa: N802
        self, request: catalog_service_pb2.SampleBarsRequest, context: grpc.aio.ServicerContext
    ) -> catalog_service_pb2.SampleBarsResponse:
        window, most = requested_window(request), requested_limit(request, "max_bars", DEFAULT_BARS, MOST_BARS)

        def sample() -> catalog_service_pb2.SampleBarsResponse:
            found = MarketRows.find(self._catalog, request.instrument_id, TRADES, window)
            trades = found.columns(self._columns, ["ts_init", "price", "size", "side"])
            bars = sample_bars(trades, found.decimals, most)
            return catalog_service_pb2.SampleBarsResponse(bars=bars, rows=len(trades["ts_init"]))

        return await asyncio.to_thread(sample)

    async def SampleQuotes(  # noqa: N802
        self, request: catalog_service_pb2.SampleQuotesRequest, context: grpc.aio.ServicerContext
    ) -> catalog_service_pb2.SampleQuotesResponse:
        window, most = requested_window(request), requested_limit(request, "max_points", DEFAULT_POINTS, MOST_POINTS)

        def sample() -> catalog_service_pb2.SampleQuotesResponse:
            found = MarketRows.find(self._catalog, request.instrument_id, BOOK_SNAPSHOT_5, window)
            books = found.columns(self._columns, ["ts_init", "bid_price", "ask_price"])
            quotes = sample_quotes(books, found.decimals[0], most)
            return catalog_service_pb2.SampleQuotesResponse(quotes=quotes, rows=len(books["ts_init"]))

        return await asyncio.to_thread(sample)

    async def GetDepthSnapshot(  # noqa: N802
        self, request: catalog_service_pb2.GetDepthSnapshotRequest, context: grpc.aio.ServicerContext
    ) -> catalog_service_pb2.GetDepthSnapshotResponse:
        window = FIRST_INSTANT, requested_instant(request, "at")

        def snapshot() -> market_data_pb2.DepthSnapshot:
            found = MarketRows.find(self._catalog, request.instrument_id, BOOK_SNAPSHOT_5, window)
            return depth_snapshot(found, self._columns)

        return catalog_service_pb2.GetDepthSnapshotResponse(depth=await asyncio.to_thread(snapshot))

    async def StreamTrades(  # noqa: N802
        self, request: catalog_service_pb2.StreamTradesRequest, context: grpc.aio.ServicerContext
    ) -> AsyncIterator[Wire]:
        window, after = requested_window(request), Cursor.parse(request.cursor)
        wanted = requested_columns(request, market_data_pb2.TradeColumns)
        found = await asyncio.to_thread(MarketRows.find, self._catalog, request.instrument_id, TRADES, window)
        chunks = await asyncio.to_thread(stream_trades, found, self._columns, after, wanted)
        async with aclosing(read_ahead(chunks)) as reading:
            async for trades, cursor in reading:
                yield wire_of(catalog_service_pb2.StreamTradesResponse, trades=trades, cursor=str(cursor))

    async def StreamDepth(  # noqa: N802
        self, request: catalog_service_pb2.StreamDepthRequest, context: grpc.aio.ServicerContext
    ) -> AsyncIterator[Wire]:
        window, after = requested_window(request), Cursor.parse(request.cursor)
        found = await asyncio.to_thread(MarketRows.find, self._catalog, request.instrument_id, BOOK_SNAPSHOT_5, window)
        async with aclosing(read_ahead(stream_depth(found, after))) as reading:
            async for depth, cursor in reading:
                yield wire_of(catalog_service_pb2.StreamDepthResponse, depth=depth, cursor=str(cursor))


def _newest_first(dataset_id: str) -> str:
    """Return a sort key for a descending order: days first, then folders without a date."""
    return f"{'1' if day_of(dataset_id) else '0'} {dataset_id}"
