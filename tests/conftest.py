"""What tests of more than one folder need."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import settings

from recordings import RawFolder
from tickreel.stores.catalog import CatalogStore

# How long an example takes says how busy the machine is.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


# The width of the terminal, which pytest-xdist hands to its processes: commands print lines of any length where they have none.
os.environ.pop("COLUMNS", None)

# Their tests take long: begun first, they leave no process alone with them at the end.
LONG = ("e2e", "tour", "fuzz", "benchmarks", "cli", "client", "gateway", "runner", "converter")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the folders with long tests first."""
    root = Path(__file__).parent
    items.sort(key=lambda item: LONG.index(folder) if (folder := item.path.relative_to(root).parts[0]) in LONG else len(LONG))


@pytest.fixture(scope="session", autouse=True)
def process_coverage() -> Iterator[Mapping[str, str]]:
    """Starts processes without coverage, which makes a replay three times as long; two flows of tests/e2e turn it on.

    Yields the environment variable that does; nothing where the tests run without coverage.
    """
    variables = {name: value for name, value in os.environ.items() if name == "COVERAGE_PROCESS_CONFIG"}
    with pytest.MonkeyPatch.context() as environ:
        for name in variables:
            environ.delenv(name)
        yield variables


@pytest.fixture
def raw(tmp_path: Path) -> RawFolder:
    """An empty data root."""
    root = tmp_path / "data_downloads"
    root.mkdir()
    return RawFolder(root)


@pytest.fixture
def catalog(tmp_path: Path) -> CatalogStore:
    """A catalog root that is not there yet."""
    return CatalogStore(tmp_path / "parquet")
