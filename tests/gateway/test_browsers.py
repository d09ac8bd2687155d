"""Calls of browsers: grpc-web, errors that a page can read, and no access for other origins."""

import asyncio
import base64
import json
import re
import struct
import sys
from pathlib import Path

import pytest
from google.rpc import error_details_pb2, status_pb2

from gateway.conftest import OTHER_UI, Gateway
from tickreel.cli.supervision.gateway import GatewayProcess
from tickreel.rpc.errors import TickreelError
from tickreel.v1 import catalog_service_pb2

pytestmark = pytest.mark.asyncio(loop_scope="session")

PROJECT = Path(__file__).parents[2]
GET = "/tickreel.v1.CatalogService/GetDataset"
STRANGER = "http://example.com"
GRPC_WEB = {"content_type": "application/grpc-web+proto", "x_grpc_web": "1"}


def framed(message: bytes) -> bytes:
    return b"\0" + struct.pack(">I", len(message)) + message


CALL = framed(catalog_service_pb2.GetDatasetRequest(dataset_id="day-2024-07-18").SerializeToString())


async def curl(gateway: Gateway, method: str, request: object) -> tuple[int | None, str, str]:
    """Call a method with `buf curl`, an independent grpc-web client. Return its exit code, output and errors."""
    arguments = ("curl", "--protocol", "grpcweb", "--schema", ".", "--data", json.dumps(request))
    process = await asyncio.create_subprocess_exec(
        *(Path(sys.executable).with_name("buf"), *arguments, f"http://{gateway.address}/tickreel.v1.{method}"),
        cwd=PROJECT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def test_grpc_web_calls_and_streams(gateway: Gateway) -> None:
    code, out, err = await curl(gateway, "CatalogService/GetDataset", {"dataset_id": "day-2024-07-18"})
    assert code == 0, err
    assert json.loads(out) == {"dataset": {"datasetId": "day-2024-07-18"}}
    gateway.servicers["results"].error = TickreelError("DATA_CHANGED", "the rows are gone")
    try:
        code, out, err = await curl(gateway, "ResultsService/StreamTicks", {"cursor": "2"})
    finally:
        gateway.servicers["results"].error = None
    assert code != 0
    assert re.findall(r'"cursor": *"(\d)"', out) == ["0", "1"]
    assert "the rows are gone" in err
    assert '"type": "google.rpc.ErrorInfo"' in err


async def test_a_configured_origin_can_call_and_read_errors(gateway: Gateway) -> None:
    asked = "content-type,grpc-timeout,x-grpc-web,x-user-agent"
    preflight, _ = await gateway.request(
        "OPTIONS", GET, origin=OTHER_UI, access_control_request_method="POST", access_control_request_headers=asked
    )
    assert preflight.status == 200
    assert preflight.getheader("access-control-allow-origin") == OTHER_UI
    assert "POST" in preflight.getheader("access-control-allow-methods", "")
    assert set(asked.split(",")) <= set(preflight.getheader("access-control-allow-headers", "").split(","))

    gateway.servicers["catalog"].error = TickreelError("NOT_FOUND", "there is no such dataset", kind="dataset")
    try:
        response, _ = await gateway.request("POST", GET, CALL, origin=OTHER_UI, **GRPC_WEB)
    finally:
        gateway.servicers["catalog"].error = None
    assert response.getheader("access-control-allow-origin") == OTHER_UI
    exposed = response.getheader("access-control-expose-headers", "").split(",")
    assert {"grpc-status", "grpc-message", "grpc-status-details-bin"} <= set(exposed)
    assert response.getheader("grpc-status") == "5"
    details = response.getheader("grpc-status-details-bin", "")
    status = status_pb2.Status.FromString(base64.b64decode(details + "=" * (-len(details) % 4)))
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert (info.reason, info.metadata["kind"]) == ("NOT_FOUND", "dataset")


@pytest.mark.parametrize("origin", [STRANGER, "null", "http://127.0.0.1:5173", "http://localhost:5173"])
async def test_other_origins_cannot_call(gateway: Gateway, origin: str) -> None:
    gateway.servicers["catalog"].asked.clear()
    preflight, _ = await gateway.request(
        "OPTIONS", GET, origin=origin, access_control_request_method="POST", access_control_request_headers="content-type"
    )
    assert preflight.status == 403
    response, _ = await gateway.request("POST", GET, CALL, origin=origin, **GRPC_WEB)
    assert response.getheader("grpc-status") == "7"
    for refused in (preflight, response):
        assert refused.getheader("access-control-allow-origin") is None
    # A page may send this request without a preflight.
    response, _ = await gateway.request("POST", GET, CALL, origin=origin, content_type="text/plain")
    assert response.status == 403
    assert not gateway.servicers["catalog"].asked.is_set()


async def test_an_unknown_host_name_is_refused(gateway: Gateway) -> None:
    # DNS rebinding: another site points its own name to this address.
    gateway.servicers["catalog"].asked.clear()
    response, body = await gateway.request("POST", GET, CALL, host="evil.example", origin="http://evil.example", **GRPC_WEB)
    assert response.getheader("grpc-status") == "7"
    assert "TICKREEL_GATEWAY_HOSTS" in response.getheader("grpc-message", "")
    response, body = await gateway.request("GET", "/", host="evil.example:8000")
    assert (response.status, b"TICKREEL_GATEWAY_HOSTS" in body) == (403, True)
    assert not gateway.servicers["catalog"].asked.is_set()


@pytest.mark.parametrize(
    "host", ["localhost:8000", "LOCALHOST", "reel.localhost", "127.0.0.1", "127.8.8.8:1", "[::1]:8000", "reel.test."]
)
async def test_loopback_names_and_configured_hosts_are_answered(gateway: Gateway, host: str) -> None:
    response, _ = await gateway.request("POST", GET, CALL, host=host, origin=f"http://{host}", **GRPC_WEB)
    assert (response.status, response.getheader("grpc-status")) == (200, None)


async def test_other_sites_can_only_link_to_the_ui(gateway: Gateway) -> None:
    response, _ = await gateway.request("GET", "/", sec_fetch_site="cross-site", sec_fetch_mode="navigate")
    assert response.status == 200
    response, _ = await gateway.request("GET", "/", sec_fetch_site="cross-site", sec_fetch_mode="no-cors")
    assert response.status == 403


async def test_invalid_hosts_and_origins_are_refused_before_the_gateway_starts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TICKREEL_GATEWAY_HOSTS", "reel.example.com, http://reel.example.com")
    monkeypatch.setenv("TICKREEL_GATEWAY_ORIGINS", "reel.example.com")
    with pytest.raises(TickreelError) as caught:
        GatewayProcess("127.0.0.1:0", {}, tmp_path / "envoy.yaml", tmp_path / "gateway.log")
    assert [violation.field for violation in caught.value.violations] == ["TICKREEL_GATEWAY_HOSTS", "TICKREEL_GATEWAY_ORIGINS"]
