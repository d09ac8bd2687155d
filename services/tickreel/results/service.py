"""The Results' calls: a message in, the domain's answer out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import grpc

from tickreel.results.artifact import Artifact
from tickreel.results.read_ahead import read_ahead
from tickreel.results.ticks import RunTicks, parse_cursor
from tickreel.rpc.paging import Page
from tickreel.rpc.settings import Settings
from tickreel.stores.catalog import CatalogStore
from tickreel.stores.results import ResultStore, StoredResult
from tickreel.v1 import result_pb2, results_service_pb2, results_service_pb2_grpc


class ResultsServicer(results_service_pb2_grpc.ResultsServiceServicer):
    """Serves `ResultsService`."""

    DESCRIPTOR = results_service_pb2.DESCRIPTOR.services_by_name["ResultsService"]
    add_to_server = staticmethod(results_service_pb2_grpc.add_ResultsServiceServicer_to_server)

    def __init__(self, settings: Settings) -> None:
        self._store = ResultStore(settings.results_root, settings.tickdata_root)
        self._catalog = CatalogStore(settings.catalog_root)

    async def open(self) -> None:
        """Nothing to open: the files are the results."""

    async def close(self) -> None:
        """Nothing to close."""

    async def ListResults(  # noqa: N802
        self, request: results_service_pb2.ListResultsRequest, context: grpc.aio.ServicerContext
    ) -> results_service_pb2.ListResultsResponse:
        page = Page.of(request, "results")
        entries, token = await asyncio.to_thread(self._page, page)
        return results_service_pb2.ListResultsResponse(results=entries, next_page_token=token)

    async def GetResult(  # noqa: N802
        self, request: results_service_pb2.GetResultRequest, context: grpc.aio.ServicerContext
    ) -> results_service_pb2.GetResultResponse:
        entry = await asyncio.to_thread(lambda: self._entry(self._store.find(request.run_id)))
        return results_service_pb2.GetResultResponse(result=entry)

    async def StreamTicks(  # noqa: N802
        self, request: results_service_pb2.StreamTicksRequest, context: grpc.aio.ServicerContext
    ) -> AsyncIterator[results_service_pb2.StreamTicksResponse]:
        after = parse_cursor(request.cursor)
        stored = await asyncio.to_thread(self._store.find, request.run_id)
        result = await asyncio.to_thread(self._store.load, stored)
        ticks = RunTicks(result, stored.summary.with_name("ticks.parquet"), self._catalog)
        async with aclosing(read_ahead(ticks.chunks(after))) as chunks:
            async for chunk in chunks:
                yield results_service_pb2.StreamTicksResponse(
                    trades=chunk.columns, cursor=str(chunk.rows_until_end), total_rows=ticks.total
                )

    async def ExportArtifact(  # noqa: N802
        self, request: results_service_pb2.ExportArtifactRequest, context: grpc.aio.ServicerContext
    ) -> AsyncIterator[results_service_pb2.ExportArtifactResponse]:
        stored = await asyncio.to_thread(self._store.find, request.run_id)
        artifact = await asyncio.to_thread(Artifact.find, self._store, stored, request.name)
        async with aclosing(read_ahead(artifact.parts(request.offset))) as parts:
            async for part in parts:
                yield part

    def _page(self, page: Page) -> tuple[list[result_pb2.ResultEntry], str]:
        # Newest first; the id decides between results of one nanosecond.
        stored, token = page.cut(
            self._store.stored(), lambda found: f"{found.committed_at:020d} {found.run_id}", descending=True
        )
        return [self._entry(found) for found in stored], token

    def _entry(self, stored: StoredResult) -> result_pb2.ResultEntry:
        entry = result_pb2.ResultEntry(result=self._store.load(stored))
        entry.created_at.FromNanoseconds(stored.committed_at)
        return entry
