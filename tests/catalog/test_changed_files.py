"""The catalog is deleted, or one of its files replaced, after rows were found and before they are read."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conversions import convert
from recordings import BTC, RawFolder, books, trades
from tickreel.catalog.market_rows import MarketRows
from tickreel.catalog.market_stream import stream_depth, stream_trades
from tickreel.rpc.bounds import FIRST_INSTANT, LAST_INSTANT
from tickreel.rpc.errors import TickreelError
from tickreel.stores.catalog import CatalogStore
from tickreel.stores.column_files import ColumnStore
from tickreel.stores.derived_files import DerivedFiles
from tickreel.stores.raw_schema import BOOK_SNAPSHOT_5, TRADES
from tickreel.v1.market_data_pb2 import DataType

ROWS = 50
Read = Callable[[MarketRows, ColumnStore], object]
READS: dict[str, tuple[DataType, Read]] = {
    "a stream of trades": (TRADES, lambda rows, columns: list(stream_trades(rows, columns, None, ["price", "trade_id"]))),
    "a stream of books": (BOOK_SNAPSHOT_5, lambda rows, columns: list(stream_depth(rows, None))),
    "bars": (TRADES, lambda rows, columns: rows.columns(columns, ["ts_init", "price"])),
    "quotes": (BOOK_SNAPSHOT_5, lambda rows, columns: rows.columns(columns, ["ts_init", "bid_price"])),
}


@pytest.fixture
def columns(tmp_path: Path) -> ColumnStore:
    return ColumnStore(DerivedFiles(tmp_path / "derived", 100))


def found(raw: RawFolder, catalog: CatalogStore, kind: DataType) -> MarketRows:
    """Convert a file and find its rows."""
    raw.write(trades(ROWS) if kind == TRADES else books(ROWS), data_type=("trades", "book_snapshot_5")[kind == BOOK_SNAPSHOT_5])
    convert(raw, catalog, data_type=kind)
    return MarketRows.find(catalog, BTC, kind, (FIRST_INSTANT, LAST_INSTANT))


@pytest.fixture(params=READS)
def reading(request: pytest.FixtureRequest) -> Iterator[tuple[DataType, Read]]:
    yield READS[request.param]


def test_reading_a_deleted_catalog_is_an_error(
    raw: RawFolder, catalog: CatalogStore, columns: ColumnStore, reading: tuple[DataType, Read]
) -> None:
    kind, read = reading
    rows = found(raw, catalog, kind)
    shutil.rmtree(catalog.root)
    with pytest.raises(TickreelError, match="cannot be read") as refusal:
        read(rows, columns)
    assert (refusal.value.reason, refusal.value.metadata["path"]) == ("DATA_CHANGED", rows.files[0].converted.path)
    # A new search finds the file of a new conversion.
    read(found(raw, catalog, kind), columns)


def test_reading_a_replaced_file_is_an_error(
    raw: RawFolder, catalog: CatalogStore, columns: ColumnStore, reading: tuple[DataType, Read]
) -> None:
    kind, read = reading
    rows = found(raw, catalog, kind)
    amounts = {"amount": [7.001] * ROWS} if kind == TRADES else {"asks[0].amount": [7.001] * ROWS}
    changed = trades(ROWS, **amounts) if kind == TRADES else books(ROWS, **amounts)
    raw.write(changed, data_type=("trades", "book_snapshot_5")[kind == BOOK_SNAPSHOT_5])
    convert(raw, catalog, data_type=kind)
    for _ in range(2):  # the rows of the new file are not cached under the key of the old one
        with pytest.raises(TickreelError, match="was replaced") as refusal:
            read(rows, columns)
        assert refusal.value.reason == "DATA_CHANGED"


def test_an_open_file_is_read_to_its_end(raw: RawFolder, catalog: CatalogStore) -> None:
    rows = found(raw, catalog, BOOK_SNAPSHOT_5)
    read = rows.depths(batch_rows=10)
    count = len(next(read).ts_init)
    shutil.rmtree(catalog.root)
    assert count + sum(len(part.ts_init) for part in read) == ROWS
