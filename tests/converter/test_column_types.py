"""Every type that a Parquet column can have, in every kind of column that is read: converted, or refused by name."""

import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conversions import convert
from recordings import DAY, NOON, RawFolder, books, engine_books, engine_flat_books, engine_trades, trades
from tickreel.rpc.errors import TickreelError
from tickreel.stores.catalog import CatalogStore
from tickreel.stores.raw_schema import BOOK_SNAPSHOT_5, TRADES
from tickreel.v1 import market_data_pb2

FOLDERS = {TRADES: "trades", BOOK_SNAPSHOT_5: "book_snapshot_5"}
ROWS = 5
NUMBERS = [
    *(pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()),
    *(pa.float16(), pa.float32(), pa.float64()),
    *(pa.decimal32(9, 2), pa.decimal64(18, 3), pa.decimal128(38, 0), pa.decimal128(38, 30), pa.decimal128(20, 17)),
    *(pa.decimal256(39, 0), pa.decimal256(76, 0), pa.decimal256(76, 20), pa.decimal256(76, 62), pa.decimal256(76, 74)),
]
TIMES = [
    *(pa.timestamp(unit, zone) for unit in ("s", "ms", "us", "ns") for zone in (None, "UTC", "America/New_York")),
    *(pa.duration(unit) for unit in ("s", "ms", "us", "ns")),
    *(pa.date32(), pa.date64(), pa.time32("s"), pa.time32("ms"), pa.time64("us"), pa.time64("ns")),
]
TEXTS = [pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary(), pa.binary_view(), pa.binary(16)]
NESTED = [
    *(pa.list_(pa.float64()), pa.large_list(pa.int64()), pa.list_(pa.float64(), 2), pa.map_(pa.string(), pa.int64())),
    *(pa.struct([("price", pa.float64())]), pa.list_(pa.struct([("price", pa.float64()), ("size", pa.null())]))),
]
DICTIONARIES = [
    pa.dictionary(pa.int8(), kind)
    for kind in (
        pa.string(),
        pa.large_string(),
        pa.binary(),
        pa.int64(),
        pa.float64(),
        pa.timestamp("us"),
        pa.decimal128(20, 2),
    )
]
EXTENSIONS = [
    pa.uuid(),
    pa.json_(),
    pa.bool8(),
    pa.opaque(pa.float64(), "kind", "vendor"),
    pa.fixed_shape_tensor(pa.int32(), [2]),
]
TYPES = [*NUMBERS, *TIMES, *TEXTS, *NESTED, *DICTIONARIES, *EXTENSIONS, pa.bool_(), pa.null()]

# Contents of a column, given to every type that can hold them; other types get nulls.
Content = list[int | None]
NUMBERS_FROM_1: Content = [1, 2, 3, 4, 5]
TIMES_AT_NOON: Content = [NOON] * ROWS
NULLS_BETWEEN: Content = [None, 1, None, 2, 0]
ONLY_NULLS: Content = [None] * ROWS
ALL_CONTENTS = (NUMBERS_FROM_1, TIMES_AT_NOON, NULLS_BETWEEN, ONLY_NULLS)


@dataclass(frozen=True)
class Columns:
    """Columns that the same code reads, so that a type must be converted in all of them or refused in all of them."""

    names: tuple[str, ...]
    contents: tuple[Content, ...]


@dataclass(frozen=True)
class Schema:
    """A raw schema.

    Attributes:
        columns: The columns to try. Code that several schemas share meets all contents in one of them. In the other schemas
            it meets a content that it converts and one that it refuses, since only accepted types and names can differ there.
    """

    data_type: market_data_pb2.DataType
    make: Callable[[int], pa.Table]
    columns: tuple[Columns, ...]


SCHEMAS = {
    "trades": Schema(
        TRADES,
        trades,
        (
            Columns(("exchange", "symbol"), ALL_CONTENTS),
            # Apart from each other: a fault of the replay clock keeps all other columns from being read.
            Columns(("timestamp",), ALL_CONTENTS),
            Columns(("local_timestamp",), ALL_CONTENTS),
            Columns(("id",), ALL_CONTENTS),
            Columns(("side",), ALL_CONTENTS),
            Columns(("price", "amount"), ALL_CONTENTS),
        ),
    ),
    "engine trades": Schema(
        TRADES,
        engine_trades,
        (
            Columns(("ts_event", "ts_init"), (TIMES_AT_NOON, ONLY_NULLS)),
            Columns(("trade_id",), (NULLS_BETWEEN,)),
            Columns(("aggressor_side",), (NULLS_BETWEEN, NUMBERS_FROM_1)),
            Columns(("price", "size"), (NUMBERS_FROM_1, ONLY_NULLS)),
        ),
    ),
    "books": Schema(
        BOOK_SNAPSHOT_5,
        books,
        (
            Columns(("exchange", "symbol"), (TIMES_AT_NOON, NUMBERS_FROM_1)),
            Columns(("timestamp", "local_timestamp"), (TIMES_AT_NOON, ONLY_NULLS)),
            # Of two levels, so that each lacks a value beside the other one of its level.
            Columns(("asks[0].price", "bids[4].amount"), (NUMBERS_FROM_1, NULLS_BETWEEN, ONLY_NULLS)),
        ),
    ),
    "engine books": Schema(
        BOOK_SNAPSHOT_5,
        engine_books,
        (
            Columns(("ts_event", "ts_init"), (TIMES_AT_NOON, ONLY_NULLS)),
            Columns(("bids", "asks"), ALL_CONTENTS),
            # No conversion reads these.
            Columns(("flags", "sequence"), (NULLS_BETWEEN,)),
        ),
    ),
    "engine flat books": Schema(
        BOOK_SNAPSHOT_5,
        engine_flat_books,
        (
            Columns(("ts_event", "ts_init"), (TIMES_AT_NOON, ONLY_NULLS)),
            # A whole level, which may be absent.
            Columns(("bid_price_4", "bid_size_4"), (NUMBERS_FROM_1, TIMES_AT_NOON)),
        ),
    ),
}


def column_of(kind: pa.DataType, content: Content) -> pa.Array:
    """Return a column of the type with this content, or with nulls where the type cannot hold the content."""
    storage = kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind
    numbers = pa.array(content, pa.int64())
    texts = pa.array([None if value is None else str(value) for value in content])
    ways: list[pa.Array] = [numbers, texts]
    if pa.types.is_timestamp(kind):
        ways.insert(0, numbers.cast(pa.timestamp("us")))
    column: pa.Array = pa.array([None] * ROWS).cast(storage)
    for plain in ways:
        with suppress(pa.ArrowInvalid, pa.ArrowNotImplementedError):
            column = plain.cast(storage)
            break
    return pa.ExtensionArray.from_storage(kind, column) if isinstance(kind, pa.BaseExtensionType) else column


def column_named(fault: str, names: Iterable[str]) -> str:
    """Return the first of the names in a fault; a later one may be a word for a type."""
    found = re.search(rf"(?<![\w.])(?:{'|'.join(map(re.escape, names))})(?![\w.])", fault)
    assert found is not None
    return found[0]


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS.keys())
@pytest.mark.parametrize("kind", TYPES, ids=str)
def test_every_type_is_converted_or_refused_by_name(
    raw: RawFolder, catalog: CatalogStore, kind: pa.DataType, schema: Schema
) -> None:
    plain = schema.make(ROWS)

    def faults_with(content: Content, names: Sequence[str]) -> tuple[str, ...]:
        """Write a file whose columns of these names have the type, and return what keeps it from being converted."""
        table = plain
        for name in names:
            table = table.set_column(table.schema.get_field_index(name), name, column_of(kind, content))
        raw.write(table, data_type=FOLDERS[schema.data_type])
        (found,) = raw.store.dataset(f"day-{DAY}").files
        return found.faults

    # A type is refused without a look at the values, and for each column alone: one file shows it for all columns.
    names = [name for columns in schema.columns for name in columns.names]
    faults = faults_with(TIMES_AT_NOON, names)
    refused = {column_named(fault, names) for fault in faults}
    assert len(refused) == len(faults)
    for columns in schema.columns:
        assert refused.isdisjoint(columns.names) or refused.issuperset(columns.names)

    for columns in schema.columns:
        for content in columns.contents if refused.isdisjoint(columns.names) else ():
            faults = faults_with(content, columns.names)
            if faults:
                assert all(column_named(fault, columns.names) for fault in faults)
                continue
            try:
                file = convert(raw, catalog, data_type=schema.data_type)
            except TickreelError as error:
                assert error.reason == "DATA_REFUSED"
                assert [name for name in columns.names if f"\n  {name}: " not in error.message] == []
            else:
                assert pq.read_metadata(catalog.root / file.converted.path).num_rows == file.converted.rows == ROWS


@pytest.mark.parametrize("digits", [38, 76])
@pytest.mark.parametrize("name", ["price", "amount", "asks[0].price", "bids[4].amount"])
def test_decimals_that_do_not_fit_their_type_are_refused(raw: RawFolder, catalog: CatalogStore, name: str, digits: int) -> None:
    # 128 bits hold more than the 38 digits that a column of decimals claims, 256 bits more than 76.
    kind = pa.decimal128(38, 2) if digits == 38 else pa.decimal256(76, 2)
    width = kind.bit_width // 8
    values = [10**digits + 5, 150, 10**digits + 5, -(10**digits), 150]
    content = b"".join(value.to_bytes(width, "little", signed=True) for value in values)
    column = pa.Array.from_buffers(kind, ROWS, [None, pa.py_buffer(content)])
    data_type, plain = (BOOK_SNAPSHOT_5, books(ROWS)) if "[" in name else (TRADES, trades(ROWS))
    raw.write(plain.set_column(plain.schema.get_field_index(name), name, column), data_type=FOLDERS[data_type])
    with pytest.raises(TickreelError, match="the greatest that the engine holds, in 2 rows, first in row 0") as refused:
        convert(raw, catalog, data_type=data_type)
    assert refused.value.reason == "DATA_REFUSED"
    assert f"{name}: not above zero in 1 row, first in row 3" in refused.value.message
