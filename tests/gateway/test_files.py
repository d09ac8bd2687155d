"""The UI as it is served: immutable assets are cached, the page is revalidated, and the content security policy is strict."""

import base64
import hashlib
import re
from pathlib import Path

import pytest

from gateway.conftest import OTHER_HOST, PACKED, PAGE, SCRIPT, Gateway

pytestmark = pytest.mark.asyncio(loop_scope="session")

INDEX = Path(__file__).parents[2] / "frontend/index.html"


@pytest.mark.parametrize("path", ["/", "/runs", "/runs/SMF_BTC_1?tab=orders", "/catalog/BTC-USDT-PERP.BINANCE-FUTURES"])
async def test_every_path_of_the_ui_returns_the_page(gateway: Gateway, path: str) -> None:
    response, body = await gateway.request("GET", path)
    assert (response.status, body.decode()) == (200, PAGE)
    assert response.getheader("content-type") == "text/html; charset=utf-8"
    assert response.getheader("cache-control") == "no-cache"


@pytest.mark.parametrize("host", ["localhost:8000", OTHER_HOST])
async def test_the_ui_is_served_for_every_host_name(gateway: Gateway, host: str) -> None:
    response, body = await gateway.request("GET", "/", host=host)
    assert (response.status, body.decode()) == (200, PAGE)


async def test_an_unchanged_page_is_not_sent_again(gateway: Gateway) -> None:
    first, _ = await gateway.request("GET", "/")
    response, body = await gateway.request("GET", "/runs", if_none_match=first.getheader("etag", ""))
    assert (response.status, body) == (304, b"")


async def test_assets_are_immutable_and_compressed(gateway: Gateway) -> None:
    response, body = await gateway.request("GET", "/assets/plain-1a2b3c4d.js")
    assert (response.status, body.decode()) == (200, SCRIPT)
    assert response.getheader("content-type") == "text/javascript; charset=utf-8"
    assert response.getheader("cache-control") == "public, max-age=31536000, immutable"

    response, body = await gateway.request("GET", "/assets/plain-1a2b3c4d.js", accept_encoding="gzip")
    assert response.getheader("content-encoding") == "gzip"
    assert len(body) < len(SCRIPT) / 10

    response, body = await gateway.request("GET", "/assets/packed-5e6f7a8b.js", accept_encoding="gzip, br")
    assert (response.getheader("content-encoding"), body) == ("br", PACKED)
    assert response.getheader("content-type") == "text/javascript; charset=utf-8"


async def test_a_missing_asset_is_not_found(gateway: Gateway) -> None:
    for path in ("/assets/gone-00000000.js", "/assets/"):
        response, body = await gateway.request("GET", path)
        assert (response.status, body) == (404, b"This file does not exist.")
        assert response.getheader("cache-control") == "no-store"


@pytest.mark.parametrize("path", ["/", "/assets/plain-1a2b3c4d.js", "/assets/gone-00000000.js"])
async def test_every_response_has_the_security_headers(gateway: Gateway, path: str) -> None:
    response, _ = await gateway.request("GET", path)
    policy = response.getheader("content-security-policy", "")
    assert policy.startswith("default-src 'none'; script-src 'self' 'sha256-")
    assert "connect-src 'self'" in policy
    assert response.getheader("x-content-type-options") == "nosniff"
    assert response.getheader("referrer-policy") == "no-referrer"


async def test_the_policy_names_the_scripts_in_the_page(gateway: Gateway) -> None:
    scripts = re.findall(r"<script>(.*?)</script>", INDEX.read_text(), re.DOTALL)
    hashes = [f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" for script in scripts]
    response, _ = await gateway.request("GET", "/")
    policy = re.search(r"script-src 'self' ([^;]*)", response.getheader("content-security-policy", ""))
    assert policy is not None
    assert policy[1].split() == hashes, "services/gateway/Caddyfile must name the hash of each script in frontend/index.html"


async def test_a_missing_ui_is_reported_with_the_remedy(gateway: Gateway) -> None:
    page = gateway.ui / "index.html"
    page.unlink()
    try:
        response, body = await gateway.request("GET", "/runs")
    finally:
        page.write_text(PAGE)
    assert response.status == 404
    assert body.decode() == "The web UI is not built. Build it with: make ui. Calls work without it."
