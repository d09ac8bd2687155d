"""Small services whose answers a test decides, in this process or in a child process."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc

from tickreel.rpc.channel import ServiceClient
from tickreel.rpc.errors import TickreelError
from tickreel.rpc.server import Server, run
from tickreel.rpc.settings import Settings
from tickreel.v1 import catalog_service_pb2, catalog_service_pb2_grpc, results_service_pb2, results_service_pb2_grpc


class SmallCatalog(catalog_service_pb2_grpc.CatalogServiceServicer):
    """Raises its error if it has one, or else answers with the requested id."""

    DESCRIPTOR = catalog_service_pb2.DESCRIPTOR.services_by_name["CatalogService"]
    add_to_server = staticmethod(catalog_service_pb2_grpc.add_CatalogServiceServicer_to_server)

    def __init__(self, error: Exception | None = None, delay: float = 0.0) -> None:
        self.error = error
        self.delay = delay
        self.events: list[str] = []
        self.asked = asyncio.Event()

    async def open(self) -> None:
        self.events.append("open")

    async def close(self) -> None:
        self.events.append("close")
        print("closed", flush=True)

    async def GetDataset(  # noqa: N802
        self, request: catalog_service_pb2.GetDatasetRequest, context: grpc.aio.ServicerContext
    ) -> catalog_service_pb2.GetDatasetResponse:
        self.asked.set()
        print(f"asked for {request.dataset_id}", flush=True)
        await asyncio.sleep(self.delay)
        if self.error is not None:
            raise self.error
        return catalog_service_pb2.GetDatasetResponse(dataset=catalog_service_pb2.Dataset(dataset_id=request.dataset_id))


class SmallResults(results_service_pb2_grpc.ResultsServiceServicer):
    """Streams the number of chunks in the cursor, then raises its error if it has one, or else waits until the caller leaves.

    Attributes:
        width: The least size of a chunk of the next stream in bytes.
        sent: The number of chunks made.
    """

    DESCRIPTOR = results_service_pb2.DESCRIPTOR.services_by_name["ResultsService"]
    add_to_server = staticmethod(results_service_pb2_grpc.add_ResultsServiceServicer_to_server)

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.width = 0
        self.sent = 0
        self.asked = asyncio.Event()
        self.left = asyncio.Event()

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def StreamTicks(  # noqa: N802
        self, request: results_service_pb2.StreamTicksRequest, context: grpc.aio.ServicerContext
    ) -> AsyncIterator[results_service_pb2.StreamTicksResponse]:
        self.asked.set()
        width = self.width
        try:
            for number in range(int(request.cursor)):
                self.sent += 1
                yield results_service_pb2.StreamTicksResponse(cursor=str(number).zfill(width))
            if self.error is not None:
                raise self.error
            await asyncio.sleep(3600)
        finally:
            self.left.set()


@asynccontextmanager
async def serving(servicer: SmallCatalog | SmallResults) -> AsyncIterator[str]:
    """Serve on a free port and yield the address."""
    server = Server(servicer)
    address = await server.start("127.0.0.1:0")
    try:
        yield address
    finally:
        await server.stop(grace=0)


async def error_of_call(error: Exception) -> TickreelError:
    """Return the error that a client gets if a method raises this error."""
    async with serving(SmallCatalog(error)) as address:
        client = ServiceClient("catalog", address)
        try:
            await client.call("GetDataset", catalog_service_pb2.GetDatasetRequest())
        except TickreelError as caught:
            return caught
        finally:
            await client.close()
    raise AssertionError("the call did not fail")


def small_catalog(_settings: Settings) -> SmallCatalog:
    """Make a servicer, or refuse to if SMALL_REFUSES is set."""
    if os.environ.get("SMALL_REFUSES"):
        raise TickreelError("STORE_NOT_WRITABLE", "nothing can be written here")
    return SmallCatalog(delay=float(os.environ.get("SMALL_DELAY", "0")))


if __name__ == "__main__":
    run("catalog", small_catalog)
