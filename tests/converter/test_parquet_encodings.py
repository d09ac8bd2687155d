"""Rows in every Parquet encoding convert to the same result."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conversions import convert
from recordings import NOON, RawFolder, books, engine_trades, trades
from tickreel.stores.catalog import CatalogStore
from tickreel.stores.raw_schema import BOOK_SNAPSHOT_5, TRADES
from tickreel.v1 import market_data_pb2

FOLDERS = {TRADES: "trades", BOOK_SNAPSHOT_5: "book_snapshot_5"}
ROWS = 40
SCHEMAS: list[tuple[market_data_pb2.DataType, Callable[[int], pa.Table]]] = [
    (TRADES, trades),
    (TRADES, engine_trades),
    (BOOK_SNAPSHOT_5, books),
]
TEXT_ENCODINGS = ["PLAIN", "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"]
INTEGER_ENCODINGS = ["PLAIN", "DELTA_BINARY_PACKED", "BYTE_STREAM_SPLIT"]
DOUBLE_ENCODINGS = ["PLAIN", "BYTE_STREAM_SPLIT"]
COMPRESSIONS = ["NONE", "SNAPPY", "GZIP", "ZSTD", "LZ4", "BROTLI"]
TEXTS: list[Callable[[pa.Array], pa.Array]] = [
    lambda plain: plain,
    lambda plain: plain.cast(pa.large_string()),
    lambda plain: plain.cast(pa.string_view()),
    lambda plain: plain.dictionary_encode(),
    lambda plain: plain.cast(pa.large_string()).dictionary_encode().cast(pa.dictionary(pa.int8(), pa.large_string())),
]


def _encodings(kind: pa.DataType) -> list[str]:
    if pa.types.is_floating(kind):
        return DOUBLE_ENCODINGS
    return INTEGER_ENCODINGS if pa.types.is_integer(kind) else TEXT_ENCODINGS


def _digest(raw: RawFolder, catalog: CatalogStore, data_type: market_data_pb2.DataType) -> str:
    return convert(raw, catalog, data_type=data_type).converted.digest


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_every_encoding_gives_the_same_rows(raw: RawFolder, catalog: CatalogStore, data: st.DataObject) -> None:
    data_type, make = data.draw(st.sampled_from(SCHEMAS))
    table = make(ROWS)
    raw.write(table, data_type=FOLDERS[data_type])
    expected = _digest(raw, catalog, data_type)
    columns: dict[str, pa.Array] = {}
    for name in table.column_names:
        column = table[name].combine_chunks()
        columns[name] = data.draw(st.sampled_from(TEXTS))(column) if pa.types.is_string(column.type) else column
    with_dictionary = data.draw(st.lists(st.sampled_from(table.column_names), unique=True))
    encodings = {
        name: data.draw(st.sampled_from(_encodings(table[name].type))) for name in columns if name not in with_dictionary
    }
    path = raw.path(data_type=FOLDERS[data_type])
    sizes = data.draw(st.lists(st.integers(0, ROWS), min_size=1, max_size=4))
    _write_groups(
        path,
        pa.table(columns),
        sizes,
        use_dictionary=with_dictionary,
        column_encoding=encodings or None,
        compression=data.draw(st.sampled_from(COMPRESSIONS)),
        data_page_version=data.draw(st.sampled_from(["1.0", "2.0"])),
        write_statistics=data.draw(st.booleans()),
        store_schema=data.draw(st.booleans()),
        data_page_size=data.draw(st.sampled_from([1, 100, None])),
        # If a dictionary outgrows its page, the rest of the column is encoded plainly.
        dictionary_pagesize_limit=data.draw(st.sampled_from([1, None])),
    )
    assert _digest(raw, catalog, data_type) == expected


def _write_groups(path: Path, table: pa.Table, sizes: list[int], **options: Any) -> None:
    """Write row groups of these sizes, which may be zero, and a last one with the remaining rows."""
    with pq.ParquetWriter(path, table.schema, **options) as writer:
        start = 0
        for size in sizes:
            writer.write_table(table.slice(start, size))
            start += size
        writer.write_table(table.slice(start))


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize(("data_type", "make"), SCHEMAS)
def test_files_of_duckdb_give_the_same_rows(
    raw: RawFolder, catalog: CatalogStore, data_type: market_data_pb2.DataType, make: Callable[[int], pa.Table], version: str
) -> None:
    # With this many rows, DuckDB writes ids without a dictionary. It uses DELTA_LENGTH_BYTE_ARRAY, DELTA_BINARY_PACKED and
    # BYTE_STREAM_SPLIT.
    table = make(30_000)
    path = raw.write(table, data_type=FOLDERS[data_type])
    expected = _digest(raw, catalog, data_type)
    with duckdb.connect() as connection:
        connection.register("recorded", table)
        connection.execute(f"COPY recorded TO '{path}' (FORMAT parquet, PARQUET_VERSION {version}, ROW_GROUP_SIZE 8192)")
    assert _digest(raw, catalog, data_type) == expected


def test_long_words_whose_statistics_are_cut_off(raw: RawFolder, catalog: CatalogStore) -> None:
    ids = [f"{'x' * 30}-{row}" for row in range(ROWS)]
    table = trades(ROWS, id=ids, local_timestamp=[NOON] * ROWS)
    raw.write(table)
    expected = _digest(raw, catalog, TRADES)
    with duckdb.connect() as connection:
        connection.register("recorded", table)
        connection.execute(f"COPY recorded TO '{raw.path()}' (FORMAT parquet, PARQUET_VERSION v2)")
    assert _digest(raw, catalog, TRADES) == expected
