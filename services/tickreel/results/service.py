"""The methods of `ResultsService`."""

import asyncio
from collections.abc import AsyncIterator, Generator, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any

import grpc

from tickreel.results.equity import equity_chunks, equity_sample
from tickreel.results.index import ResultIndex
from tickreel.results.markers import markers, with_markers
from tickreel.results.note_request import updated_notes
from tickreel.results.result_entry import result_entry
from tickreel.results.run_columns import RunColumns, result_key
from tickreel.results.table_exports import Exports
from tickreel.results.tables import FILLS, ORDER_UPDATES, ORDERS, POSITIONS, TIMELINE, RunTables, TableKind, View
from tickreel.results.ticks import TickChunk, cached_chunks, parse_cursor, tick_sample
from tickreel.rpc.bounds import (
    DEFAULT_POINTS,
    MOST_POINTS,
    requested_columns,
    requested_limit,
    requested_parts,
    requested_window,
)
from tickreel.rpc.columns import Wire, wire_of
from tickreel.rpc.errors import TickreelError, invalid_request
from tickreel.rpc.fields import Fields
from tickreel.rpc.filter import parse_filter, predicate
from tickreel.rpc.ordering import cut_page, parse_order
from tickreel.rpc.paging import Page
from tickreel.rpc.read_ahead import read_ahead
from tickreel.rpc.settings import Settings
from tickreel.stores.catalog import CatalogStore
from tickreel.stores.column_files import ColumnStore
from tickreel.stores.derived_files import DerivedFiles
from tickreel.stores.results import ResultStore, StoredResult
from tickreel.stores.trades import NUMBERS
from tickreel.v1 import market_data_pb2, result_pb2, results_service_pb2, results_service_pb2_grpc

DEFAULT_MARKERS, MOST_MARKERS = 500, 5_000

_RESULT_FIELDS = Fields(result_pb2.NotedResult, "result")
_NEWEST_FIRST = parse_order("created_at desc, run_id desc", _RESULT_FIELDS)


class ResultsServicer(results_service_pb2_grpc.ResultsServiceServicer):
    """Serves `ResultsService`."""

    DESCRIPTOR = results_service_pb2.DESCRIPTOR.services_by_name["ResultsService"]
    add_to_server = staticmethod(results_service_pb2_grpc.add_ResultsServiceServicer_to_server)

    def __init__(self, settings: Settings) -> None:
        self._store = ResultStore(settings.results_root, settings.tickdata_root)
        state = settings.state_root / "results"
        self._index = ResultIndex(self._store)
        self._derived = DerivedFiles(state / "derived", settings.derived_limit)
        self._columns = RunColumns(self._store, CatalogStore(settings.catalog_root), ColumnStore(self._derived))
        self._tables = RunTables(self._store, self._derived, state / "spill")
        self._exports = Exports(self._store, self._derived, self._columns)
        # Updates and deletions run one at a time.
        self._noting = asyncio.Lock()

    async def open(self) -> None:
        """Remove partial derived files of an earlier process, and finish its deletions."""
        await asyncio.to_thread(self._derived.sweep)
        await asyncio.to_thread(self._store.finish_deletions)

    async def close(self) -> None:
        """Close the database of the tables, and stop the exports in progress."""
        self._tables.close()
        await asyncio.to_thread(self._exports.close)

    async def ListResults(  # noqa: N802
        self, request: results_service_pb2.ListResultsRequest, context: grpc.aio.ServicerContext
    ) -> results_service_pb2.ListResultsResponse:
        page = Page.of(request, "results", request.filter, request.order_by)
        passes = predicate(parse_filter(request.filter, _RESULT_FIELDS))
        order = parse_order(request.order_by, _RESULT_FIELDS)

        def cut() -> tuple[Sequence[result_pb2.ResultEntry], str]:
            return cut_page(page, filter(passes, self._index.newest_first()), order, _NEWEST_FIRST, result_entry)

        entries, token = await asyncio.to_thread(cut)
        return results_service_pb2.ListResultsResponse(
            results=entries, next_page_token=token, unreadable_run_ids=self._index.unreadable
        )

    async def GetResult(  # noqa: N802
        self, request: results_service_pb2.GetResultRequest, context: grpc.aio.ServicerContext
    ) -> results_service_pb2.GetResultResponse:
        async with self._reading(request.run_id) as stored:
            return results_service_pb2.GetResultResponse(result=await asyncio.to_thread(self._store.noted, stored))

    async def UpdateResult(  # noqa: N802
        self, request: results_service_pb2.UpdateResultRequest, context: grpc.aio.ServicerContext
    ) -> results_service_pb2.UpdateResultResponse:
        def update() -> result_pb2.NotedResult:
            stored = self._store.find(request.run_id)
            # Loaded before anything is written, so that a damaged result is refused.
            before = self._store.noted(stored)
            self._store.notes.write(stored.run_id, updated_notes(request, before))
            return self._store.noted(stored)

        async with self._noting:
            return results_service_pb2.UpdateResultResponse(result=await asyncio.to_thread(update))

    async def DeleteResult(  # noqa: N802
        self, request: results_service_pb2.DeleteResultRequest, context: grpc.aio.ServicerContext
    ) -> results_service_pb2.DeleteResultResponse:
        def delete() -> None:
            stored = self._store.find(request.run_id)
            self._store.delete(stored)
            self._derived.drop(result_key(stored, ""))

        async with self._noting:
            await asyncio.to_thread(delete)
        return results_service_pb2.DeleteResultResponse()

    async def StreamTicks(  # noqa: N802
        self, request: results_service_pb2.StreamTicksRequest, context: grpc.aio.ServicerContext
    ) -> AsyncIterator[Wire]:
        after, wanted = parse_cursor(request.cursor), requested_columns(request, market_data_pb2.TradeColumns)
        async with self._reading(request.run_id) as stored:
            are_numbers = set(wanted) <= set(NUMBERS)
            cached = await asyncio.to_thread(self._columns.cached_ticks, stored) if are_numbers else None
            if cached is not None:
                chunks, total = cached_chunks(cached, after, wanted), len(cached["ts_init"])
            else:
                ticks = await asyncio.to_thread(self._columns.sources, stored)
                chunks, total = ticks.chunks(after, wanted), ticks.total
            orders = await self._columns.orders(stored) if request.markers else None
            drawn: Generator[tuple[TickChunk, Wire | None], None, None]
            if orders is None:
                drawn = ((chunk, None) for chunk in chunks)
            else:
                clock = (await self._columns.ticks(stored))["ts_init"]
                drawn = with_markers(chunks, orders, clock, min(after, len(clock)))

            def responses() -> Generator[Wire, None, None]:
                for chunk, chunk_markers in drawn:
                    cursor = str(chunk.rows_until_end)
                    fields = {"trades": chunk.columns, "cursor": cursor, "total_rows": total, "markers": chunk_markers}
                    # Joined at once, because the generator drops the pages of the mapped columns when it continues.
                    yield wire_of(results_service_pb2.StreamTicksResponse, **fields).joined()

            async with aclosing(read_ahead(responses())) as parts:
                async for part in parts:
                    yield part

    async def ListOrders(  # noqa: N802
        self, request: results_service_pb2.ListOrdersRequest, context: grpc.aio.ServicerContext
    ) -> results_service_pb2.ListOrdersResponse:
        orders, token, total = await self._rows(request, ORDERS, request.order_by)
        return results_service_pb2.ListOrdersResponse(orders=orders, next_page_token=token, total_size=total)

    async def ListFills(  # noqa: N802
        self, request: results_service_pb2.ListFillsRequest, context: grpc.aio.ServicerContext
    ) -> results_service_pb2.ListFillsResponse:
        fills, token, total = await self._rows(request, FILLS, request.order_by)
        return results_service_pb2.ListFillsResponse(fills=fills, next_page_token=token, total_size=total)

    async def ListOrderUpdates(  # noqa: N802
        self, request: results_service_pb2.ListOrderUpdatesRequest, context: grpc.aio.ServicerContext
    ) -> results_service_pb2.ListOrderUpdatesResponse:
        updates, token, total = await self._rows(request, ORDER_UPDATES, request.order_by)
        return results_service_pb2.ListOrderUpdatesResponse(order_updates=updates, next_page_token=token, total_size=total)

    async def ListPositions(  # noqa: N802
        self, request: results_service_pb2.ListPositionsRequest, context: grpc.aio.ServicerContext
    ) -> results_service_pb2.ListPositionsResponse:
        positions, token, total = await self._rows(request, POSITIONS, request.order_by)
        return results_service_pb2.ListPositionsResponse(positions=positions, next_page_token=token, total_size=total)

    async def ListTimeline(  # noqa: N802
        self, request: results_service_pb2.ListTimelineRequest, context: grpc.aio.ServicerContext
    ) -> results_service_pb2.ListTimelineResponse:
        events, token, total = await self._rows(request, TIMELINE)
        return results_service_pb2.ListTimelineResponse(events=events, next_page_token=token, total_size=total)

    async def SampleTicks(  # noqa: N802
        self, request: results_service_pb2.SampleTicksRequest, context: grpc.aio.ServicerContext
    ) -> Wire:
        window = requested_window(request)
        most = requested_limit(request, "max_points", DEFAULT_POINTS, MOST_POINTS)
        most_markers = requested_limit(request, "max_markers", DEFAULT_MARKERS, MOST_MARKERS)
        parts = requested_parts(request, "trades", "markers")
        sample: dict[str, Wire | int] = {}
        async with self._reading(request.run_id) as stored:
            if "trades" in parts:
                ticks = await self._columns.ticks(stored)
                sample["trades"], sample["rows"] = await asyncio.to_thread(tick_sample, ticks, *window, most)
            orders = await self._columns.orders(stored) if "markers" in parts else None
            if orders is not None:
                sample["markers"], sample["orders"] = await asyncio.to_thread(markers, orders, *window, most_markers)
        return wire_of(results_service_pb2.SampleTicksResponse, **sample)

    async def SampleEquity(  # noqa: N802
        self, request: results_service_pb2.SampleEquityRequest, context: grpc.aio.ServicerContext
    ) -> Wire:
        window = requested_window(request)
        most = requested_limit(request, "max_points", DEFAULT_POINTS, MOST_POINTS)
        async with self._reading(request.run_id) as stored:
            equity = await self._columns.equity(stored)
        points, rows = await asyncio.to_thread(equity_sample, equity, *window, most)
        return wire_of(results_service_pb2.SampleEquityResponse, equity=points, points=rows)

    async def StreamEquity(  # noqa: N802
        self, request: results_service_pb2.StreamEquityRequest, context: grpc.aio.ServicerContext
    ) -> AsyncIterator[Wire]:
        after = parse_cursor(request.cursor)
        async with self._reading(request.run_id) as stored:
            equity = await self._columns.equity(stored)

        def responses() -> Generator[Wire, None, None]:
            for chunk in equity_chunks(equity, after):
                fields = {"equity": chunk.columns, "cursor": str(chunk.points_until_end), "total_points": len(equity["ts"])}
                yield wire_of(results_service_pb2.StreamEquityResponse, **fields).joined()

        async with aclosing(read_ahead(responses())) as parts:
            async for part in parts:
                yield part

    async def ExportArtifact(  # noqa: N802
        self, request: results_service_pb2.ExportArtifactRequest, context: grpc.aio.ServicerContext
    ) -> AsyncIterator[results_service_pb2.ExportArtifactResponse]:
        async with (
            self._reading(request.run_id) as stored,
            aclosing(self._exports.stream(stored, request.name, request.offset)) as parts,
        ):
            async for part in parts:
                yield part

    @asynccontextmanager
    async def _reading(self, run_id: str) -> AsyncIterator[StoredResult]:
        """Find a result for reading.

        Raises:
            TickreelError: NOT_FOUND or RESULT_DELETED. A result that is deleted while it is read raises RESULT_DELETED, not
                DATA_CHANGED.
        """
        stored = await asyncio.to_thread(self._store.find, run_id)
        try:
            yield stored
        except TickreelError as error:
            if error.reason == "DATA_CHANGED":
                await asyncio.to_thread(self._store.find, run_id)
            raise

    async def _rows(self, request: Any, kind: TableKind, order_by: str = "") -> tuple[list[Any], str, int]:
        """Return the rows of the requested page of a table, the token of the next page, and the number of rows in all."""
        page = Page.of(request, kind.name, request.run_id, request.filter, order_by)
        if request.skip < 0:
            raise invalid_request("skip", f"is {request.skip}; it must not be negative")
        first = page.offset + request.skip
        async with self._reading(request.run_id) as stored:
            view = View(stored, kind, request.filter, order_by)
            rows, total = await asyncio.to_thread(self._tables.rows, view, first, page.size)
        past = first + len(rows)
        return rows, page.token(str(past)) if past < total else "", total
