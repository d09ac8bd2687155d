"""The deployment that the documents describe: sample data, its configs, and `tickreel up`."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from terminal import Terminal, Up

ROWS = 3_000


@pytest.fixture(scope="session")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """Services that are up."""
    folder = tmp_path_factory.mktemp("user")
    shutil.copytree(Path(__file__).parents[2] / "configs", folder / "configs")
    terminal = Terminal(folder, {})
    terminal.call("sample-data", "--rows", ROWS)
    with terminal.up() as running:
        yield running


@pytest.fixture
def addresses(up: Up) -> dict[str, str]:
    """The addresses of the services, by name."""
    return {name: service["address"] for name, service in up.said["services"].items()}


@pytest.fixture
def folder(up: Up) -> Path:
    """The folder of the deployment."""
    return up.terminal.folder
