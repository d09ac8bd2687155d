"""envoy.yaml and Caddyfile: valid as committed, and with the addresses of other processes."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tickreel.cli.supervision.gateway import envoy_config
from tickreel.rpc.settings import DEFAULT_PORTS

FILES = Path(__file__).parents[2] / "services/gateway"
SOCKET = r"address: ([\w.]+), port_value: (\d+)"


def check(program: str, *arguments: object) -> None:
    command = [str(Path(sys.executable).with_name(program)), *map(str, arguments)]
    checked = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert checked.returncode == 0, checked.stderr


def test_the_committed_files_are_valid() -> None:
    check("envoy", "--mode", "validate", "--log-level", "error", "--config-path", FILES / "envoy.yaml")
    check("caddy", "validate", "--adapter", "caddyfile", "--config", FILES / "Caddyfile")
    check("caddy", "fmt", "--diff", FILES / "Caddyfile")


def test_the_committed_file_has_the_container_names_and_the_default_ports() -> None:
    found = dict(re.findall(SOCKET, (FILES / "envoy.yaml").read_text()))
    ports = {**DEFAULT_PORTS, "frontend": 8080}
    assert found == {("0.0.0.0" if name == "gateway" else name): str(port) for name, port in ports.items()}


def test_all_addresses_can_be_replaced(tmp_path: Path) -> None:
    names = [*DEFAULT_PORTS, "frontend"]
    addresses = {name: f"127.0.0.{number}:{number}" for number, name in enumerate(names, 1)}
    addresses["0.0.0.0"] = addresses.pop("gateway")
    text = envoy_config(addresses)
    assert {f"{host}:{port}" for host, port in re.findall(SOCKET, text)} == set(addresses.values())
    file = tmp_path / "envoy.yaml"
    file.write_text(text)
    check("envoy", "--mode", "validate", "--log-level", "error", "--config-path", file)


def test_a_missing_address_is_an_error() -> None:
    with pytest.raises(KeyError):
        envoy_config({"0.0.0.0": "127.0.0.1:8000"})


def test_no_route_of_calls_has_a_timeout() -> None:
    """Without these settings, Envoy ends a call after 15 seconds, and a silent stream after 5 minutes."""
    text = (FILES / "envoy.yaml").read_text()
    routes = re.findall(r"- match: \{prefix: (/(?:tickreel|grpc)\S+)\}\n +route: \{(.*)\}", text)
    assert len(routes) == len(re.findall(r"prefix: /(?:tickreel|grpc)", text)) == 6
    for prefix, route in routes:
        assert "timeout: 0s, max_stream_duration: " in route, prefix
    assert text.count("max_stream_duration: &deadline {max_stream_duration: 0s}") == 1
    assert text.count("max_stream_duration: *deadline") == len(routes) - 1
    assert "stream_idle_timeout: 0s" in text
