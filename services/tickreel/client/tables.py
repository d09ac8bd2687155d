"""What a run found as Arrow tables. pyarrow comes with the extra `tickreel[notebook]`, and is imported when it is needed."""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType
from typing import TYPE_CHECKING

from tickreel.v1 import market_data_pb2

if TYPE_CHECKING:
    import pyarrow as pa

# In the order of `AggressorSide`.
_SIDES = ("unknown", "buy", "sell")


def import_pyarrow() -> ModuleType:
    """The package that tables are made with.

    Raises:
        ModuleNotFoundError: It is not installed; says what is to be.
    """
    try:
        import pyarrow.parquet  # noqa: PLC0415

        return pyarrow
    except ModuleNotFoundError:
        message = "tables need pyarrow, which is not installed; `pip install 'tickreel[notebook]'` brings it"
        raise ModuleNotFoundError(message, name="pyarrow") from None


def table_of_parquet(content: bytes) -> pa.Table:
    """The table in a Parquet file."""
    arrow = import_pyarrow()
    return arrow.parquet.read_table(arrow.BufferReader(content))


def table_of_ticks(chunks: Iterable[market_data_pb2.TradeColumns]) -> pa.Table:
    """Chunks of trade rows as one table, with the columns of the ticks.parquet of a full run."""
    arrow = import_pyarrow()
    time, empty = arrow.timestamp("ns", tz="UTC"), market_data_pb2.TradeColumns()

    def integers(values: Iterable[int]) -> pa.Array:
        return arrow.array(list(values), arrow.int64())

    def decimals(values: Iterable[int], precision: int) -> pa.Array:
        # The same sixteen bytes a value; only the type says where the point is.
        whole = integers(values).cast(arrow.decimal128(38, 0))
        return arrow.Array.from_buffers(arrow.decimal128(38, precision), len(whole), whole.buffers())

    def batch(chunk: market_data_pb2.TradeColumns) -> pa.RecordBatch:
        sides = arrow.array(list(chunk.side), arrow.int8())
        return arrow.record_batch(
            {
                "ts_event": integers(chunk.ts_event).cast(time),
                "ts_init": integers(chunk.ts_init).cast(time),
                "price": decimals(chunk.price, chunk.price_precision),
                "size": decimals(chunk.size, chunk.size_precision),
                "side": arrow.DictionaryArray.from_arrays(sides, arrow.array(_SIDES)),
                "trade_id": arrow.array(list(chunk.trade_id), arrow.string()),
            }
        )

    batches = [batch(chunk) for chunk in chunks]
    return arrow.Table.from_batches(batches or [batch(empty)])
