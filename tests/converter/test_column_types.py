"""Every type that a Parquet column can have, in every column that is read: converted exactly, or refused by name."""

from collections.abc import Callable

import pyarrow as pa
import pytest

from conversions import convert
from recordings import NOON, RawFolder, books, engine_books, engine_flat_books, engine_trades, trades
from tickreel.rpc.errors import TickreelError
from tickreel.stores.catalog import CatalogStore
from tickreel.stores.raw_schema import BOOK_SNAPSHOT_5, TRADES

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
    *(pa.struct({"price": pa.float64()}), pa.list_(pa.struct({"price": pa.float64(), "size": pa.null()}))),
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
SCHEMAS: dict[str, tuple[int, Callable[[int], pa.Table]]] = {
    "trades": (TRADES, trades),
    "engine trades": (TRADES, engine_trades),
    "books": (BOOK_SNAPSHOT_5, books),
    "engine books": (BOOK_SNAPSHOT_5, engine_books),
    "engine flat books": (BOOK_SNAPSHOT_5, engine_flat_books),
}
# What values of the type are: small numbers, times, and nothing.
CONTENTS: list[list[int | None]] = [[1, 2, 3, 4, 5], [NOON] * ROWS, [None, 1, None, 2, 0], [None] * ROWS]


def _columns(table: pa.Table) -> list[str]:
    """The columns to try: of levels one price and one size."""
    levels = [name for name in table.column_names if any(digit in name for digit in "0123456789")]
    return [name for name in table.column_names if name not in levels] + levels[:2] + levels[-2:]


def _values(kind: pa.DataType, content: list[int | None]) -> pa.Array:
    """A column of the type with this content as far as it can hold that, and else without values."""
    storage = kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind
    for plain in (pa.array(content, pa.int64()), pa.array([None if value is None else str(value) for value in content])):
        try:
            column = plain.cast(storage)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            continue
        break
    else:
        column = pa.nulls(ROWS, storage)
    return column if storage is kind else pa.ExtensionArray.from_storage(kind, column)


@pytest.mark.parametrize("schema", SCHEMAS)
@pytest.mark.parametrize("kind", TYPES, ids=str)
def test_every_type_is_converted_or_refused_by_name(
    raw: RawFolder, catalog: CatalogStore, kind: pa.DataType, schema: str
) -> None:
    data_type, make = SCHEMAS[schema]
    plain = make(ROWS)
    for name in _columns(plain):
        for content in CONTENTS:
            column = _values(kind, content)
            raw.write(plain.set_column(plain.schema.get_field_index(name), name, column), data_type=FOLDERS[data_type])
            (found,) = raw.store.dataset("day-2024-07-18").files
            if found.faults:
                assert all(name in fault for fault in found.faults)
                continue
            try:
                file = convert(raw, catalog, data_type=data_type)
            except TickreelError as refused:
                assert refused.reason == "DATA_REFUSED"
                assert name in refused.message
            else:
                assert file.converted.rows == ROWS


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
