"""Fixtures and settings that tests of several folders share."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import settings

from recordings import RawFolder
from tickreel.stores.catalog import CatalogStore

# Examples get no deadline: their duration depends on the load of the machine.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

# pytest-xdist sets COLUMNS in its workers. Without it, commands do not wrap their lines.
os.environ.pop("COLUMNS", None)

# Folders with slow tests. They run first, so that no worker is left alone with a slow file at the end.
LONG = ("e2e", "tour", "fuzz", "benchmarks", "cli", "client", "gateway", "runner", "converter")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the folders with slow tests first."""
    root = Path(__file__).parent
    items.sort(key=lambda item: LONG.index(folder) if (folder := item.path.relative_to(root).parts[0]) in LONG else len(LONG))


@pytest.fixture(scope="session", autouse=True)
def process_coverage() -> Iterator[Mapping[str, str]]:
    """Start child processes without coverage, which adds a fifth to their time.

    Yields the environment variable that turns coverage on in a child process. Two flows of tests/e2e set it. Empty when
    the tests run without coverage.
    """
    variables = {name: value for name, value in os.environ.items() if name == "COVERAGE_PROCESS_CONFIG"}
    with pytest.MonkeyPatch.context() as environ:
        for name in variables:
            environ.delenv(name)
        yield variables


@pytest.fixture(scope="session", autouse=True)
def processes_without_pandas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Hide pandas from child processes: no extra of a service has it, but Arrow imports it with its first array, if it can.

    That takes as long as all other imports of a worker together.
    """
    folder = tmp_path_factory.mktemp("without_pandas")
    (folder / "pandas.py").write_text("raise ImportError('processes of tests have no pandas')\n")
    with pytest.MonkeyPatch.context() as environ:
        environ.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)
        yield


@pytest.fixture
def raw(tmp_path: Path) -> RawFolder:
    """An empty data root."""
    root = tmp_path / "data_downloads"
    root.mkdir()
    return RawFolder(root)


@pytest.fixture
def catalog(tmp_path: Path) -> CatalogStore:
    """A catalog whose root folder does not exist yet."""
    return CatalogStore(tmp_path / "parquet")
