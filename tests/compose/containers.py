"""Build and start the stack in containers, and execute a run in it: `make compose-test`.

These tests are not collected with the others: they need Docker and take minutes. The variables of docker-compose.yml select
other base images.
"""

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from terminal import Called, Terminal

PROJECT = Path(__file__).parents[2]
CONTAINERS = ("catalog", "converter", "runner", "results", "frontend", "gateway")
ROWS = 3_000
UP_SECONDS = 300


def compose_command() -> list[str]:
    """The command of Compose: the plug-in of Docker, else the stand-alone program."""
    if (
        shutil.which("docker")
        and subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode == 0
    ):
        return ["docker", "compose"]
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    pytest.fail("these tests need Docker with Compose: https://docs.docker.com/compose/install/")


@dataclass(frozen=True)
class Stack:
    """The containers of a separate Compose project, with their data in a folder."""

    command: list[str]
    folder: Path
    port: int

    @property
    def address(self) -> str:
        """The address of the gateway."""
        return f"127.0.0.1:{self.port}"

    @property
    def terminal(self) -> Terminal:
        """A terminal whose commands call the gateway."""
        return Terminal(self.folder, {"TICKREEL_GATEWAY_ADDRESS": self.address})

    def compose(self, *arguments: str, code: int = 0) -> Called:
        """Call Compose and check its exit code."""
        folders = {"TICKREEL_DATA": "data_downloads", "TICKREEL_STRATEGIES": "strategies"}
        own = {name: str(self.folder / folder) for name, folder in folders.items()}
        environ = {**os.environ, "TICKREEL_PORT": str(self.port), **own}
        command = [*self.command, "--project-name", "tickreel-test", *arguments]
        called = subprocess.run(command, cwd=PROJECT, env=environ, capture_output=True, text=True, check=False)
        return Called(called.stdout, called.stderr).checked(called.returncode, code)

    def health(self, container: str) -> str:
        """The health of a container, as Docker reports it."""
        container_id = self.compose("ps", "--quiet", container).out.strip()
        inspected = subprocess.run(
            ["docker", "inspect", "--format", "{{.State.Health.Status}}", container_id],
            capture_output=True,
            text=True,
            check=False,
        )
        return inspected.stdout.strip()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("user")
    # The user of the containers has no rights on this machine, so everyone must be able to read.
    for parent in (folder, *folder.parents[:2]):
        parent.chmod(0o755)
    shutil.copytree(PROJECT / "configs", folder / "configs")
    terminal = Terminal(folder, {})
    terminal.call("sample-data", "--rows", ROWS)
    terminal.call("new-strategy", "EmaCross")
    install = ("pip", "install", "--quiet", "--target", str(folder / "strategies"), "--no-deps", str(folder / "ema-cross"))
    subprocess.run([PROJECT / "scripts/uv", *install], check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        made = Stack(compose_command(), folder, free.getsockname()[1])
    try:
        made.compose("build")
        made.compose("up", "--detach")
        deadline = time.monotonic() + UP_SECONDS
        while made.health("gateway") != "healthy":
            assert time.monotonic() < deadline, made.compose("logs", "--tail", "20").out
            time.sleep(1)
        yield made
    finally:
        made.compose("down", "--volumes", "--remove-orphans")


@pytest.mark.timeout(1800)
def test_all_containers_are_healthy_once_the_gateway_is(stack: Stack) -> None:
    assert {name: stack.health(name) for name in CONTAINERS} == dict.fromkeys(CONTAINERS, "healthy")


def test_a_run_in_containers_equals_a_run_outside(stack: Stack) -> None:
    arguments = ("run", "--config", "configs/sample_btc_usdt.json", "--snapshot_mode", "both", "--full", "true")
    inside = stack.terminal.json(*arguments, "--address", stack.address)
    outside = json.loads(stack.terminal.run(*arguments, "--standalone", "--output", "json").out)
    for digest in ("config_digest", "data_digest", "result_digest"):
        assert inside["metadata"][digest] == outside["metadata"][digest]
    assert inside["summary"] == outside["summary"]
    listed = stack.terminal.json("results")
    assert [entry["run_id"] for entry in listed["results"]] == [inside["run_id"]]
    stack.terminal.call("export", inside["run_id"], "orders.parquet", "--to", "orders.parquet")
    outside_orders = stack.folder / "data/backtest_results/full" / outside["run_id"] / "orders.parquet"
    assert (stack.folder / "orders.parquet").stat().st_size == outside_orders.stat().st_size


def test_a_strategy_of_the_mounted_folder_runs(stack: Stack) -> None:
    listed = stack.terminal.json("strategies")
    assert [entry["strategy_id"] for entry in listed["strategies"]] == ["EmaCross", "TempBacktestStrategy"]
    arguments = ("run", "--config", "ema-cross/config.json", "--snapshot_mode", "both", "--address", stack.address)
    assert stack.terminal.json(*arguments)["summary"]["orders"] > 2


def test_the_gateway_serves_the_ui(stack: Stack) -> None:
    with urllib.request.urlopen(f"http://{stack.address}/runs", timeout=10) as response:
        assert response.headers["content-type"] == "text/html; charset=utf-8"
        assert b'<div id="root">' in response.read()


@pytest.mark.parametrize(
    ("container", "folder"),
    [
        ("catalog", "/app/data_downloads"),
        ("catalog", "/app/data/parquet"),
        ("converter", "/app/data_downloads"),
        ("runner", "/app/configs"),
        ("runner", "/app/strategies"),
        ("runner", "/app/data/parquet"),
        ("results", "/app/data/parquet"),
        ("runner", "/app"),
        ("frontend", "/srv"),
    ],
)
def test_other_folders_of_a_container_are_read_only(stack: Stack, container: str, folder: str) -> None:
    assert "Read-only file system" in stack.compose("exec", "-T", container, "touch", f"{folder}/x", code=1).err


@pytest.mark.parametrize("container", CONTAINERS)
def test_no_container_runs_as_root(stack: Stack, container: str) -> None:
    assert stack.compose("exec", "-T", container, "id", "-u").out.strip() == "10001"


def test_the_dev_server_forwards_calls(stack: Stack) -> None:
    stack.compose("--profile", "dev", "build", "vite")
    stack.compose("--profile", "dev", "up", "--detach", "--no-deps", "vite")
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen("http://127.0.0.1:5173/", timeout=10) as response:
                assert b"/@vite/client" in response.read()
            break
        except OSError:
            assert time.monotonic() < deadline, stack.compose("--profile", "dev", "logs", "vite").out
            time.sleep(0.5)
    request = urllib.request.Request(
        "http://127.0.0.1:5173/tickreel.v1.CatalogService/ListDatasets",
        data=b"\0\0\0\0\0",
        headers={"content-type": "application/grpc-web+proto", "x-grpc-web": "1"},
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        assert response.headers["content-type"] == "application/grpc-web+proto"
        assert b"day-2024-05-17" in response.read()
