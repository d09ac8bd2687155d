"""What browsers need: grpc-web, errors that a page may read, and no page but ours."""

import asyncio
import base64
import json
import re
import struct
import sys
from pathlib import Path

import pytest
from google.rpc import error_details_pb2, status_pb2

from gateway.conftest import Gateway
from tickreel.rpc.errors import TickreelError
from tickreel.v1 import catalog_service_pb2

pytestmark = pytest.mark.asyncio(loop_scope="session")

PROJECT = Path(__file__).parents[2]
GET = "/tickreel.v1.CatalogService/GetDataset"
DEV_SERVER, STRANGER = "http://127.0.0.1:5173", "http://example.com"


def framed(message: bytes) -> bytes:
    return b"\0" + struct.pack(">I", len(message)) + message


async def curl(gateway: Gateway, method: str, request: object) -> tuple[int | None, str, str]:
    """`buf curl`, a client of grpc-web that is not ours."""
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


@pytest.mark.parametrize("origin", [DEV_SERVER, "http://localhost:5173"])
async def test_the_dev_server_may_call_and_read_why_a_call_failed(gateway: Gateway, origin: str) -> None:
    asked = "content-type,grpc-timeout,x-grpc-web,x-user-agent"
    preflight, _ = await gateway.request(
        "OPTIONS", GET, origin=origin, access_control_request_method="POST", access_control_request_headers=asked
    )
    assert preflight.status == 200
    assert preflight.getheader("access-control-allow-origin") == origin
    assert "POST" in preflight.getheader("access-control-allow-methods", "")
    assert set(asked.split(",")) <= set(preflight.getheader("access-control-allow-headers", "").split(","))

    gateway.servicers["catalog"].error = TickreelError("NOT_FOUND", "there is no such dataset", kind="dataset")
    try:
        body = framed(catalog_service_pb2.GetDatasetRequest().SerializeToString())
        headers = {"content_type": "application/grpc-web+proto", "x_grpc_web": "1"}
        response, _ = await gateway.request("POST", GET, body, origin=origin, **headers)
    finally:
        gateway.servicers["catalog"].error = None
    assert response.getheader("access-control-allow-origin") == origin
    exposed = response.getheader("access-control-expose-headers", "").split(",")
    assert {"grpc-status", "grpc-message", "grpc-status-details-bin"} <= set(exposed)
    assert response.getheader("grpc-status") == "5"
    details = response.getheader("grpc-status-details-bin", "")
    status = status_pb2.Status.FromString(base64.b64decode(details + "=" * (-len(details) % 4)))
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert (info.reason, info.metadata["kind"]) == ("NOT_FOUND", "dataset")


async def test_other_pages_may_not(gateway: Gateway) -> None:
    preflight, _ = await gateway.request(
        "OPTIONS", GET, origin=STRANGER, access_control_request_method="POST", access_control_request_headers="content-type"
    )
    assert preflight.getheader("access-control-allow-origin") is None
    # What a page may send without asking is no call.
    body = framed(catalog_service_pb2.GetDatasetRequest().SerializeToString())
    gateway.servicers["catalog"].asked.clear()
    response, _ = await gateway.request("POST", GET, body, origin=STRANGER, content_type="text/plain")
    assert response.getheader("access-control-allow-origin") is None
    assert not gateway.servicers["catalog"].asked.is_set()
