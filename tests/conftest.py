"""What tests of more than one folder need."""

from pathlib import Path

import pytest
from hypothesis import settings

from recordings import RawFolder
from tickreel.stores.catalog import CatalogStore

# How long an example takes says how busy the machine is.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


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
