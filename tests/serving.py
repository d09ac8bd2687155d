"""Serve a real servicer on a real server at a free port."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from tickreel.rpc.channel import ServiceClient
from tickreel.rpc.server import Server, Servicer
from tickreel.rpc.settings import CATALOG_ROOT, DATA_ROOT, Settings


def settings_in(folder: Path, **variables: str) -> Settings:
    """Return the settings of a deployment that keeps everything in one folder."""
    return Settings.from_env(
        {
            DATA_ROOT: str(folder / "data_downloads"),
            CATALOG_ROOT: str(folder / "parquet"),
            "TICKREEL_STATE_PATH": str(folder / "state"),
            "TICKREEL_RESULTS_PATH": str(folder / "results"),
            "TICKREEL_TICKDATA_PATH": str(folder / "tickdata"),
            "TICKREEL_CONFIGS_PATH": str(folder / "configs"),
            **variables,
        }
    )


@asynccontextmanager
async def serving(name: str, make_servicer: Callable[[Settings], Servicer], settings: Settings) -> AsyncIterator[ServiceClient]:
    """Start the service; yields a client. Stops the service when the context exits."""
    server = Server(make_servicer(settings))
    address = await server.start("127.0.0.1:0")
    client = ServiceClient(name, address)
    try:
        yield client
    finally:
        await client.close()
        await server.stop(0)
