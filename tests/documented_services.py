"""The deployment that the documents describe: a small sample, the configs of the repository, and `tickreel up`."""

import shutil
from collections.abc import Iterator

import pytest

from documents import ROOT
from terminal import Terminal, Up

ROWS = 3_000


@pytest.fixture(scope="package")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """Services that are up until the last test of the package, in a folder that no other package of tests uses."""
    folder = tmp_path_factory.mktemp("documented")
    shutil.copytree(ROOT / "configs", folder / "configs")
    terminal = Terminal(folder, {})
    terminal.call("sample-data", "--rows", ROWS)
    with terminal.up() as running:
        yield running
