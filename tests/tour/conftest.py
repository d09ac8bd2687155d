"""Services for the tests of scripts and other services, and where they are."""

from pathlib import Path

import pytest

from documented_services import up
from terminal import Up

__all__ = ["up"]


@pytest.fixture
def addresses(up: Up) -> dict[str, str]:
    """The addresses of the services, by name."""
    return {name: service["address"] for name, service in up.said["services"].items()}


@pytest.fixture
def folder(up: Up) -> Path:
    """The folder of the deployment."""
    return up.terminal.folder
