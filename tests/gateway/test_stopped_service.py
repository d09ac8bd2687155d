"""A service process that is stopped (SIGSTOP) during a call: the call fails, and calls succeed again after SIGCONT."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from rpc import small_service
from tickreel.cli.supervision.gateway import GatewayProcess
from tickreel.rpc.channel import ServiceClient
from tickreel.rpc.errors import TickreelError
from tickreel.rpc.settings import CATALOG_ROOT, DATA_ROOT, DEFAULT_PORTS
from tickreel.v1 import catalog_service_pb2

PATIENCE = 60
PINGS = "connection_keepalive: {interval: 10s, timeout: 20s}"


async def test_a_call_to_a_stopped_service_fails(tmp_path: Path) -> None:
    environ = {
        **os.environ,
        **{"SMALL_DELAY": "3600", "TICKREEL_LISTEN": "127.0.0.1:0", DATA_ROOT: str(tmp_path), CATALOG_ROOT: str(tmp_path)},
    }
    service = await asyncio.create_subprocess_exec(
        sys.executable, small_service.__file__, env=environ, stdout=asyncio.subprocess.PIPE
    )
    assert service.stdout is not None
    address = (await service.stdout.readline()).decode().split()[1]
    config = tmp_path / "envoy.yaml"
    addresses = dict.fromkeys((*DEFAULT_PORTS, "frontend"), "127.0.0.1:1") | {"catalog": address}
    gateway = GatewayProcess("127.0.0.1:0", addresses, config, tmp_path / "gateway.log")
    # The committed setting with shorter times.
    assert PINGS in config.read_text()
    config.write_text(config.read_text().replace(PINGS, "connection_keepalive: {interval: 0.2s, timeout: 0.4s}"))
    client = ServiceClient("catalog", gateway.address)
    request = catalog_service_pb2.GetDatasetRequest(dataset_id="d")
    try:
        await gateway.start()
        await gateway.healthy()
        call = asyncio.create_task(client.call("GetDataset", request, timeout=None))
        assert await asyncio.wait_for(service.stdout.readline(), PATIENCE) == b"asked for d\n"
        service.send_signal(signal.SIGSTOP)
        with pytest.raises(TickreelError, match="the catalog service ended or stopped before it answered") as caught:
            await asyncio.wait_for(call, PATIENCE)
        assert caught.value.reason == "SERVICE_UNAVAILABLE"
        service.send_signal(signal.SIGCONT)
        again = asyncio.create_task(client.call_with_retries("GetDataset", request, patience=PATIENCE))
        assert await asyncio.wait_for(service.stdout.readline(), PATIENCE) == b"asked for d\n"
        again.cancel()
    finally:
        await client.close()
        await gateway.stop()
        service.kill()
        await service.wait()
