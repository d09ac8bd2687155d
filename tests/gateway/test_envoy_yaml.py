"""The one file: valid as it is committed, and with other addresses in it."""

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
    command = [Path(sys.executable).with_name(program), *map(str, arguments)]
    checked = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert checked.returncode == 0, checked.stderr


def test_the_files_are_valid_as_they_are() -> None:
    check("envoy", "--mode", "validate", "--log-level", "error", "--config-path", FILES / "envoy.yaml")
    check("caddy", "validate", "--adapter", "caddyfile", "--config", FILES / "Caddyfile")
    check("caddy", "fmt", "--diff", FILES / "Caddyfile")


def test_as_it_is_it_has_the_names_of_the_containers_and_the_default_ports() -> None:
    found = dict(re.findall(SOCKET, (FILES / "envoy.yaml").read_text()))
    ports = {**DEFAULT_PORTS, "frontend": 8080}
    assert found == {("0.0.0.0" if name == "gateway" else name): str(port) for name, port in ports.items()}


def test_other_addresses_take_the_place_of_all(tmp_path: Path) -> None:
    names = [*DEFAULT_PORTS, "frontend"]
    addresses = {name: f"127.0.0.{number}:{number}" for number, name in enumerate(names, 1)}
    addresses["0.0.0.0"] = addresses.pop("gateway")
    text = envoy_config(addresses)
    assert {f"{host}:{port}" for host, port in re.findall(SOCKET, text)} == set(addresses.values())
    file = tmp_path / "envoy.yaml"
    file.write_text(text)
    check("envoy", "--mode", "validate", "--log-level", "error", "--config-path", file)


def test_an_address_that_nobody_gave_is_an_error() -> None:
    with pytest.raises(KeyError):
        envoy_config({"0.0.0.0": "127.0.0.1:8000"})
