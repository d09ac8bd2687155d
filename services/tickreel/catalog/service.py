"""The Catalog's calls: a message in, the domain's answer out. Every look at a file is taken in a thread."""

import asyncio

import grpc

from tickreel.catalog.coverage import coverage, describe_instrument
from tickreel.catalog.datasets import describe_dataset
from tickreel.rpc.paging import Page
from tickreel.rpc.settings import Settings
from tickreel.stores.catalog import CatalogStore
from tickreel.stores.raw import RawStore, day_of
from tickreel.v1 import catalog_service_pb2, catalog_service_pb2_grpc


class CatalogServicer(catalog_service_pb2_grpc.CatalogServiceServicer):
    """Serves `CatalogService`."""

    DESCRIPTOR = catalog_service_pb2.DESCRIPTOR.services_by_name["CatalogService"]
    add_to_server = staticmethod(catalog_service_pb2_grpc.add_CatalogServiceServicer_to_server)

    def __init__(self, settings: Settings) -> None:
        self._raw = RawStore(settings.data_root, settings.raw_ending)
        self._catalog = CatalogStore(settings.catalog_root)

    async def open(self) -> None:
        """Nothing is to be made ready: the stores are read as they are."""

    async def close(self) -> None:
        """Nothing is held."""

    async def ListDatasets(  # noqa: N802
        self, request: catalog_service_pb2.ListDatasetsRequest, context: grpc.aio.ServicerContext
    ) -> catalog_service_pb2.ListDatasetsResponse:
        page = Page.of(request, "datasets")
        ids, token = page.cut(await asyncio.to_thread(self._raw.dataset_ids), _newest_first, descending=True)
        datasets = await asyncio.gather(*(asyncio.to_thread(self._raw.dataset, dataset_id) for dataset_id in ids))
        described = [describe_dataset(dataset, with_files=False) for dataset in datasets]
        return catalog_service_pb2.ListDatasetsResponse(datasets=described, next_page_token=token)

    async def GetDataset(  # noqa: N802
        self, request: catalog_service_pb2.GetDatasetRequest, context: grpc.aio.ServicerContext
    ) -> catalog_service_pb2.GetDatasetResponse:
        dataset = await asyncio.to_thread(self._raw.dataset, request.dataset_id)
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
        intervals = await asyncio.to_thread(coverage, request.instrument_id, self._catalog, self._raw)
        return catalog_service_pb2.GetCoverageResponse(intervals=intervals)


def _newest_first(dataset_id: str) -> str:
    """Sorts folders without a date before all days, and so last."""
    return f"{'1' if day_of(dataset_id) else '0'} {dataset_id}"
