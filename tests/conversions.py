"""Convert raw files that tests write, and read what the conversions left."""

from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recordings import BTC, DAY, RawFolder
from tickreel.converter.depth_conversion import DepthConversion
from tickreel.converter.trade_conversion import TradeConversion
from tickreel.rpc.errors import TickreelError
from tickreel.stores.catalog import CatalogFile, CatalogStore
from tickreel.stores.instrument_name import InstrumentName
from tickreel.stores.raw_schema import BOOK_SNAPSHOT_5, TRADES
from tickreel.v1 import market_data_pb2

KINDS: dict[market_data_pb2.DataType, type[TradeConversion | DepthConversion]] = {
    TRADES: TradeConversion,
    BOOK_SNAPSHOT_5: DepthConversion,
}


def convert(
    raw: RawFolder,
    catalog: CatalogStore,
    price: int | None = None,
    size: int | None = None,
    day: str = DAY,
    name: str = BTC,
    data_type: market_data_pb2.DataType = TRADES,
) -> CatalogFile:
    """Convert the only file of an instrument and data type in a day folder."""
    wanted = (name, data_type)
    (source,) = [file for file in raw.store.dataset(f"day-{day}").files if (file.instrument, file.data_type) == wanted]
    return KINDS[data_type](source, InstrumentName.parse(name), price, size).run(raw.store, catalog, lambda _: None)


def refusal(raw: RawFolder, catalog: CatalogStore, **options: Any) -> str:
    """Check that a conversion is refused and leaves no file; return the error message."""
    with pytest.raises(TickreelError) as refused:
        convert(raw, catalog, **options)
    assert refused.value.reason == "DATA_REFUSED"
    assert refused.value.metadata["source"] in refused.value.message
    assert files_left(catalog) == []
    return refused.value.message


def files_left(catalog: CatalogStore) -> list[str]:
    """Return every file below a catalog root."""
    return sorted(path.relative_to(catalog.root).as_posix() for path in catalog.root.rglob("*") if path.is_file())


def rows_of(catalog: CatalogStore, file: CatalogFile) -> dict[str, list[Any]]:
    """Return the columns of a converted file; times as nanoseconds."""
    table = pq.ParquetFile(catalog.root / file.converted.path).read()
    return {name: table[name].to_pylist() for name in table.column_names if not name.startswith("ts_")} | {
        name: table[name].cast(pa.int64()).to_pylist() for name in ("ts_event", "ts_init")
    }


def codes(file: CatalogFile) -> dict[str, str]:
    """Return the messages of a file's findings, by code."""
    return {finding.code: finding.message for finding in file.converted.findings}
