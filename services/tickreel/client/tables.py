"""Tables of a run as Arrow tables and pandas DataFrames.

pyarrow and pandas come with the extra `tickreel[notebook]`, and are imported on first use.
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
    """Import pyarrow.

    Raises:
        ModuleNotFoundError: pyarrow is not installed; the message says how to install it.
    """
    try:
        import pyarrow.parquet  # noqa: PLC0415

        return pyarrow
    except ModuleNotFoundError:
        raise _missing("tables", "pyarrow") from None


def import_pandas() -> ModuleType:
    """Import pandas.

    Raises:
        ModuleNotFoundError: pandas is not installed; the message says how to install it.
    """
    try:
        import pandas  # noqa: PLC0415

        return pandas
    except ModuleNotFoundError:
        raise _missing("DataFrames", "pandas") from None


def _missing(product: str, package: str) -> ModuleNotFoundError:
    message = f"{product} need {package}, which is not installed; `pip install 'tickreel[notebook]'` installs it"
    return ModuleNotFoundError(message, name=package)


def table_of_parquet(content: bytes) -> pa.Table:
    """Read the table in the bytes of a Parquet file."""
    arrow = import_pyarrow()
    table: pa.Table = arrow.parquet.read_table(arrow.BufferReader(content))
    return table


def frame_of(table: pa.Table, time: str) -> pd.DataFrame:
    """Convert a table to a DataFrame.

    Each decimal becomes the nearest double; null becomes NaN.

    Args:
        time: The column that becomes the index.
    """
    import_pandas()
    arrow = import_pyarrow()
    for number, field in enumerate(table.schema):
        if arrow.types.is_decimal(field.type):
            # Arrow's cast from decimal to double is off by one ulp for every third price. Its string parser rounds correctly.
            doubles = table[number].cast(arrow.string()).cast(arrow.float64())
            table = table.set_column(number, field.name, doubles)
    return table.to_pandas().set_index(time)


def table_of_ticks(chunks: Iterable[market_data_pb2.TradeColumns], wanted: Sequence[str] = TICK_COLUMNS) -> pa.Table:
    """Join chunks of trade rows into one table, whose columns have the types of the ticks.parquet of a full run.

    Args:
        wanted: The columns of the table. The chunks must have these columns and `ts_init`.
    """
    arrow = import_pyarrow()
    time, whole = arrow.timestamp("ns", tz="UTC"), arrow.decimal128(38, 0)

    def batch(chunk: market_data_pb2.TradeColumns) -> pa.RecordBatch:
        rows, packed = len(chunk.ts_init), _packed_columns(chunk)

        def column(name: str, kind: pa.DataType) -> pa.Array:
            values: pa.Array = arrow.Array.from_buffers(kind, rows, [None, arrow.py_buffer(packed.get(name, b""))])
            return values

        def decimals(name: str, precision: int) -> pa.Array:
            # The type alone sets the scale; the sixteen bytes of each value stay the same.
            unscaled = column(name, arrow.int64()).cast(whole)
            values: pa.Array = arrow.Array.from_buffers(arrow.decimal128(38, precision), rows, unscaled.buffers())
            return values

        def trade_rows() -> pa.Array:
            # Services of earlier versions do not set `first_row`.
            is_numbered = chunk.HasField("first_row")
            values: pa.Array = (
                arrow.arange(chunk.first_row, chunk.first_row + rows) if is_numbered else arrow.nulls(rows, arrow.int64())
            )
            return values

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
        made: pa.RecordBatch = arrow.record_batch({name: make[name]() for name in wanted})
        return made

    batches = [batch(chunk) for chunk in chunks]
    table: pa.Table = arrow.Table.from_batches(batches or [batch(market_data_pb2.TradeColumns())])
    return table


def _packed_columns(chunk: market_data_pb2.TradeColumns) -> dict[str, memoryview]:
    """Return the serialised bytes of the numeric columns: 8 bytes per time, price or size, 1 byte per side.

    On the wire these columns are arrays already. Slicing them is many times faster than creating a Python integer per value.
    """
    numbers = market_data_pb2.TradeColumns()
    numbers.CopyFrom(chunk)
    numbers.ClearField("trade_id")
    numbers.DiscardUnknownFields()
    wire, at = memoryview(numbers.SerializeToString()), 0
    found = {}
    while at < len(wire):
        key, at = _varint(wire, at)
        # The value of a precision, or the length of a column.
        number, at = _varint(wire, at)
        if key & 7 == _LENGTH_DELIMITED:
            found[_NAMES[key >> 3]] = wire[at : at + number]
            at += number
    return found


def _varint(wire: memoryview, at: int) -> tuple[int, int]:
    """Decode the varint at a position; return it and the position after it."""
    value = shift = 0
    while wire[at] > 0x7F:
        value |= (wire[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
    return value | wire[at] << shift, at + 1
