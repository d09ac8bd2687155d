"""The real Envoy and the real Caddy in front of small services whose answers a test sets."""

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

# A configured origin and a configured host name.
OTHER_UI, OTHER_HOST = "https://reel.example.com", "reel.test"
PAGE = "<!doctype html><title>The page</title>"
SCRIPT = "console.log('the same text again and again');\n" * 200
# Content of a Brotli file. No test decompresses it, so it need not be valid.
PACKED = b"packed by the build"


@dataclass
class Gateway:
    """A gateway with its services and the server of the UI.

    Attributes:
        servicers: The servicers by the names of their services.
        ui: The folder that is served.
        address: The address of the gateway.
        addresses: The addresses of the services, by name.
    """

    servicers: dict[str, Any]
    ui: Path = Path("/nowhere")
    address: str = ""
    addresses: dict[str, str] = field(default_factory=dict)
    _servers: dict[str, Server] = field(default_factory=dict)

    async def serve(self, name: str) -> None:
        """Start a service; a service that ran before gets its address again."""
        self._servers[name] = Server(self.servicers[name])
        self.addresses[name] = await self._servers[name].start(self.addresses.get(name, "127.0.0.1:0"))

    async def end(self, name: str) -> None:
        """Stop a service."""
        await self._servers.pop(name).stop(0)

    @asynccontextmanager
    async def running(self, folder: Path) -> AsyncIterator["Gateway"]:
        """Run the gateway until the context exits. Its processes write their logs to `folder`."""
        await asyncio.gather(*(self.serve(name) for name in self.servicers))
        frontend = FrontendProcess(self.ui, folder / "frontend.log")
        addresses = {**self.addresses, "frontend": frontend.address}
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
        self, method: str, path: str, body: bytes | None = None, /, **headers: str
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """Send an HTTP/1.1 request as a browser does. Return the response and its body.

        Args:
            headers: The headers by name, with underscores for dashes.
        """

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
    """A gateway with all services, shared by all tests. A test that changes something restores it."""
    folder = tmp_path_factory.mktemp("gateway")
    with pytest.MonkeyPatch.context() as environ:
        environ.setenv("TICKREEL_GATEWAY_HOSTS", OTHER_HOST)
        environ.setenv("TICKREEL_GATEWAY_ORIGINS", OTHER_UI)
        async with Gateway(_servicers(folder), _write_ui(folder / "dist")).running(folder) as made:
            yield made
