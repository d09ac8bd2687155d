"""What a run found as Arrow tables and as pandas DataFrames.

Both packages come with the extra `tickreel[notebook]`, and are imported when they are needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import ModuleType
from typing import TYPE_CHECKING

from tickreel.v1 import market_data_pb2

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

TICK_COLUMNS = ("ts_event", "ts_init", "price", "size", "side", "trade_id", "ts_recorded", "trade_row")

# In the order of `AggressorSide`.
_SIDES = ("unknown", "buy", "sell")

_LENGTH_DELIMITED = 2
_NAMES = {field.number: field.name for field in market_data_pb2.TradeColumns.DESCRIPTOR.fields}


def import_pyarrow() -> ModuleType:
    """The package that tables are made with.

    Raises:
        ModuleNotFoundError: It is not installed; says what is to be.
    """
    try:
        import pyarrow.parquet  # noqa: PLC0415

        return pyarrow
    except ModuleNotFoundError:
        raise _missing("tables", "pyarrow") from None


def import_pandas() -> ModuleType:
    """The package that DataFrames are made with.

    Raises:
        ModuleNotFoundError: As for pyarrow.
    """
    try:
        import pandas  # noqa: PLC0415

        return pandas
    except ModuleNotFoundError:
        raise _missing("DataFrames", "pandas") from None


def _missing(what: str, package: str) -> ModuleNotFoundError:
    message = f"{what} need {package}, which is not installed; `pip install 'tickreel[notebook]'` brings it"
    return ModuleNotFoundError(message, name=package)


def table_of_parquet(content: bytes) -> pa.Table:
    """The table in a Parquet file."""
    arrow = import_pyarrow()
    return arrow.parquet.read_table(arrow.BufferReader(content))


def frame_of(table: pa.Table, time: str) -> pd.DataFrame:
    """A table as a DataFrame of numbers.

    Each decimal becomes the nearest double; null becomes NaN.

    Args:
        time: The column that becomes the index.
    """
    import_pandas()
    arrow = import_pyarrow()
    for number, field in enumerate(table.schema):
        if arrow.types.is_decimal(field.type):
            # Arrow's own cast to doubles is off by one in the last place for every third price; its parser rounds right.
            doubles = table[number].cast(arrow.string()).cast(arrow.float64())
            table = table.set_column(number, field.name, doubles)
    return table.to_pandas().set_index(time)


def table_of_ticks(chunks: Iterable[market_data_pb2.TradeColumns], wanted: Sequence[str] = TICK_COLUMNS) -> pa.Table:
    """Chunks of trade rows as one table, with columns of the ticks.parquet of a full run.

    Args:
        wanted: The columns of the table. The chunks have them, and `ts_init`.
    """
    arrow = import_pyarrow()
    time, whole = arrow.timestamp("ns", tz="UTC"), arrow.decimal128(38, 0)

    def batch(chunk: market_data_pb2.TradeColumns) -> pa.RecordBatch:
        rows, packed = len(chunk.ts_init), _packed_columns(chunk)

        def column(name: str, kind: pa.DataType) -> pa.Array:
            return arrow.Array.from_buffers(kind, rows, [None, arrow.py_buffer(packed.get(name, b""))])

        def decimals(name: str, precision: int) -> pa.Array:
            # The same sixteen bytes a value; only the type says where the point is.
            values = column(name, arrow.int64()).cast(whole)
            return arrow.Array.from_buffers(arrow.decimal128(38, precision), rows, values.buffers())

        def trade_rows() -> pa.Array:
            # A service of before there were trade rows does not number them.
            numbered = chunk.HasField("first_row")
            return arrow.arange(chunk.first_row, chunk.first_row + rows) if numbered else arrow.nulls(rows, arrow.int64())

        make = {
            "ts_event": lambda: column("ts_event", time),
            "ts_init": lambda: column("ts_init", time),
            "price": lambda: decimals("price", chunk.price_precision),
            "size": lambda: decimals("size", chunk.size_precision),
            "side": lambda: arrow.DictionaryArray.from_arrays(column("side", arrow.int8()), arrow.array(_SIDES)),
            "trade_id": lambda: arrow.array(list(chunk.trade_id), arrow.string()),
            "ts_recorded": lambda: column("ts_recorded", time) if chunk.ts_recorded else arrow.nulls(rows, time),
            "trade_row": trade_rows,
        }
        return arrow.record_batch({name: make[name]() for name in wanted})

    batches = [batch(chunk) for chunk in chunks]
    return arrow.Table.from_batches(batches or [batch(market_data_pb2.TradeColumns())])


def _packed_columns(chunk: market_data_pb2.TradeColumns) -> dict[str, memoryview]:
    """The bytes of the columns of numbers: on the wire they are arrays, 8 bytes a time, price or size, 1 byte a side.

    Taking these is many times faster than one Python integer a value.
    """
    numbers = market_data_pb2.TradeColumns()
    numbers.CopyFrom(chunk)
    numbers.ClearField("trade_id")
    numbers.DiscardUnknownFields()
    wire, at = memoryview(numbers.SerializeToString()), 0
    found = {}
    while at < len(wire):
        key, at = _varint(wire, at)
        # The precisions are values, the columns are preceded by their length.
        number, at = _varint(wire, at)
        if key & 7 == _LENGTH_DELIMITED:
            found[_NAMES[key >> 3]] = wire[at : at + number]
            at += number
    return found


def _varint(wire: memoryview, at: int) -> tuple[int, int]:
    """The integer at a position, and the position after it."""
    value = shift = 0
    while wire[at] > 0x7F:
        value |= (wire[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
    return value | wire[at] << shift, at + 1
