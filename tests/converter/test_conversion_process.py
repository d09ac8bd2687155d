"""Deletion of the catalog while a file is written to it."""

import shutil
from collections.abc import Callable

import pytest

from recordings import BTC, DAY, RawFolder, trades, whole_days
from tickreel.converter.conversion_plan import ConversionPlan
from tickreel.converter.conversion_process import convert_missing
from tickreel.rpc.errors import TickreelError
from tickreel.stores.catalog import CatalogStore
from tickreel.stores.raw_schema import TRADES
from tickreel.v1 import conversion_pb2


@pytest.fixture
def plan(raw: RawFolder, catalog: CatalogStore) -> ConversionPlan:
    raw.write(trades(50))
    spec = conversion_pb2.ConversionSpec(instrument=f"{BTC}@LIN", data_types=[TRADES])
    start, end = whole_days(DAY)
    spec.window.start.FromNanoseconds(start)
    spec.window.end.FromNanoseconds(end)
    return ConversionPlan.of(spec, raw.store, catalog)


def deleting(catalog: CatalogStore, times: int) -> Callable[[int], None]:
    """Return a callback that deletes the catalog after a converted chunk, that many times."""
    left = iter(range(times))

    def on_rows(rows: int) -> None:
        if rows and next(left, None) is not None:
            shutil.rmtree(catalog.root)

    return on_rows


def test_a_file_is_written_again_if_the_catalog_is_deleted(raw: RawFolder, catalog: CatalogStore, plan: ConversionPlan) -> None:
    (file,) = convert_missing(plan, raw.store, catalog, deleting(catalog, 2))
    found = catalog.find(file.path)
    assert found is not None
    assert found.converted.digest == file.digest


def test_a_file_is_written_at_most_three_times(raw: RawFolder, catalog: CatalogStore, plan: ConversionPlan) -> None:
    with pytest.raises(TickreelError, match="was deleted while a file was written to it") as refusal:
        convert_missing(plan, raw.store, catalog, deleting(catalog, 3))
    assert (refusal.value.reason, refusal.value.metadata) == ("STORE_NOT_WRITABLE", {"path": str(catalog.root)})
