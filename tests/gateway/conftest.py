"""The real Envoy and the real Caddy, before small services whose answers a test decides."""

import asyncio
import http.client
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from rpc.small_service import SmallCatalog, SmallResults
from serving import settings_in
from tickreel.cli.supervision.gateway import FrontendProcess, GatewayProcess
from tickreel.converter.service import ConverterServicer
from tickreel.rpc.server import Server, Servicer
from tickreel.runner.service import RunnerServicer

# A page of another origin that may call, and a host name that is answered.
OTHER_UI, OTHER_HOST = "https://reel.example.com", "reel.test"
PAGE = "<!doctype html><title>The page</title>"
SCRIPT = "console.log('the same text again and again');\n" * 200
# What a browser would be told by `content-encoding: br` to unpack; nothing here does.
PACKED = b"packed by the build"


@dataclass
class Gateway:
    """A gateway, and what is behind it.

    Attributes:
        address: Where it listens.
        servicers: What answers, by the name of the service.
        ui: The folder that is served.
    """

    servicers: dict[str, Any]
    ui: Path = Path("/nowhere")
    address: str = ""
    _servers: dict[str, Server] = field(default_factory=dict)
    _addresses: dict[str, str] = field(default_factory=dict)

    async def serve(self, name: str) -> None:
        """Starts a service, where it was before if it was there before."""
        self._servers[name] = Server(self.servicers[name])
        self._addresses[name] = await self._servers[name].start(self._addresses.get(name, "127.0.0.1:0"))

    async def end(self, name: str) -> None:
        """Ends a service."""
        await self._servers.pop(name).stop(0)

    @asynccontextmanager
    async def running(self, folder: Path) -> AsyncIterator["Gateway"]:
        """This, while it runs; what its processes say is kept in the folder."""
        await asyncio.gather(*(self.serve(name) for name in self.servicers))
        frontend = FrontendProcess(self.ui, folder / "frontend.log")
        addresses = {**self._addresses, "frontend": frontend.address}
        process = GatewayProcess("127.0.0.1:0", addresses, folder / "envoy.yaml", folder / "gateway.log")
        try:
            for child in (frontend, process):
                await child.start()
                await child.healthy()
            self.address = process.address
            yield self
        finally:
            await asyncio.gather(process.stop(), frontend.stop(), *(server.stop(0) for server in self._servers.values()))

    async def request(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """A request of HTTP/1.1, as a browser makes it, and the body of the response."""

        def ask() -> tuple[http.client.HTTPResponse, bytes]:
            connection = http.client.HTTPConnection(self.address, timeout=30)
            try:
                connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
                response = connection.getresponse()
                return response, response.read()
            finally:
                connection.close()

        return await asyncio.to_thread(ask)


def _servicers(folder: Path) -> dict[str, Servicer]:
    settings = settings_in(folder)
    return {
        "catalog": SmallCatalog(),
        "converter": ConverterServicer(settings),
        "runner": RunnerServicer(settings),
        "results": SmallResults(),
    }


def _write_ui(folder: Path) -> Path:
    assets = folder / "assets"
    assets.mkdir(parents=True)
    (folder / "index.html").write_text(PAGE)
    (assets / "plain-1a2b3c4d.js").write_text(SCRIPT)
    (assets / "packed-5e6f7a8b.js").write_text(SCRIPT)
    (assets / "packed-5e6f7a8b.js.br").write_bytes(PACKED)
    return folder


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gateway]:
    """A gateway with everything behind it. A test that changes something puts it back."""
    folder = tmp_path_factory.mktemp("gateway")
    with pytest.MonkeyPatch.context() as environ:
        environ.setenv("TICKREEL_GATEWAY_HOSTS", OTHER_HOST)
        environ.setenv("TICKREEL_GATEWAY_ORIGINS", OTHER_UI)
        async with Gateway(_servicers(folder), _write_ui(folder / "dist")).running(folder) as made:
            yield made
