"""Trades of converted files, as columns of integers."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tickreel.accounting.scaled import Integers
from tickreel.rpc.columns import Wire, wire_of
from tickreel.stores.column_files import ColumnWriter
from tickreel.stores.converted_rows import BATCH_ROWS, RECORDED, TIME, Slice, int64s, integers, nanoseconds, times_column
from tickreel.stores.view import read_slices
from tickreel.v1 import market_data_pb2

Int64 = npt.NDArray[np.int64]

NUMBERS = ("ts_event", "ts_init", "price", "size", "side")
"""The columns of `TradeColumns` that are cached as arrays of numbers."""

# In the order of `AggressorSide`.
_SIDE_WORDS = ("unknown", "buy", "sell")
_SIDES = {"buy": market_data_pb2.AGGRESSOR_SIDE_BUY, "sell": market_data_pb2.AGGRESSOR_SIDE_SELL}


@dataclass(frozen=True)
class TradeRows:
    """Trades in replay order, with the columns of the engine's catalog, or of a result, whose column is named `side`."""

    batch: pa.RecordBatch

    def __len__(self) -> int:
        return self.batch.num_rows

    @property
    def ts_event(self) -> Int64:
        """Times on the exchange's clock, UNIX nanoseconds."""
        return nanoseconds(self.batch.column("ts_event"))

    @property
    def ts_init(self) -> Int64:
        """Times on the replay clock, UNIX nanoseconds, strictly increasing within a file."""
        return nanoseconds(self.batch.column("ts_init"))

    @property
    def ts_recorded(self) -> Int64 | None:
        """Times on the recorder's clock, UNIX nanoseconds, not decreasing within a file; None if they were not read."""
        return nanoseconds(self.batch.column(RECORDED)) if RECORDED in self.batch.schema.names else None

    def price(self, precision: int) -> Integers:
        """Return prices times 10^precision, exact."""
        return integers(self.batch.column("price"), precision)

    def size(self, precision: int) -> Integers:
        """Return sizes times 10^precision, exact."""
        return integers(self.batch.column("size"), precision)

    def int64s(self, name: str, precision: int) -> Int64:
        """Return prices or sizes, by the name of their column, times 10^precision.

        Raises:
            TickreelError: DATA_REFUSED for a value that does not fit into 64 bits at that precision.
        """
        return int64s(self.batch.column(name), precision, name)

    @property
    def side(self) -> npt.NDArray[np.uint8]:
        """Values of `AggressorSide`."""
        name = "side" if "side" in self.batch.schema.names else "aggressor_side"
        column = cast(pa.DictionaryArray, self.batch.column(name))
        words = [word.lower() for word in cast(list[str], column.dictionary.to_pylist())]
        codes = np.array([_SIDES.get(word, market_data_pb2.AGGRESSOR_SIDE_UNSPECIFIED) for word in words], dtype=np.uint8)
        indices: Int64 = column.indices.to_numpy()
        return codes[indices]

    @property
    def trade_id(self) -> list[str]:
        """Trade ids."""
        return cast(list[str], self.batch.column("trade_id").to_pylist())

    def to_batch(self, price_precision: int, size_precision: int, first_row: int) -> pa.RecordBatch:
        """Return the rows with the columns of a result's ticks (see `tick_schema`). They must have been read with RECORDED.

        Args:
            first_row: The number of the first row in the run's replay order, from 0.

        Raises:
            pyarrow.ArrowInvalid: A value has more decimals than its precision.
        """
        recorded = self.ts_recorded
        assert recorded is not None
        columns: list[pa.Array] = [
            times_column(self.ts_event),
            times_column(self.ts_init),
            self.batch.column("price").cast(pa.decimal128(38, price_precision)),
            self.batch.column("size").cast(pa.decimal128(38, size_precision)),
            pa.DictionaryArray.from_arrays(pa.array(self.side.astype(np.int8), pa.int8()), pa.array(_SIDE_WORDS)),
            self.batch.column("trade_id"),
            times_column(recorded),
            pa.array(np.arange(first_row, first_row + len(self))),
        ]
        return pa.RecordBatch.from_arrays(columns, schema=tick_schema(price_precision, size_precision))

    def slice(self, offset: int, rows: int) -> "TradeRows":
        """Return `rows` rows from `offset` on."""
        return TradeRows(self.batch.slice(offset, rows))

    def to_wire(self, price_precision: int, size_precision: int, wanted: Collection[str], first_row: int | None = None) -> Wire:
        """Return the rows as a `TradeColumns` message.

        Args:
            wanted: The columns to set, by their names in `TradeColumns`.
            first_row: The number of the first row in the run's replay order, from 0; None if the rows belong to no run.

        Raises:
            TickreelError: DATA_REFUSED for a value that does not fit into 64 bits at these decimals.
        """
        decimals = {"price": price_precision, "size": size_precision}
        columns = {name: self.int64s(name, decimals[name]) if name in decimals else getattr(self, name) for name in wanted}
        fields = {"price_precision": price_precision, "size_precision": size_precision, "first_row": first_row}
        return wire_of(market_data_pb2.TradeColumns, **fields, **columns)


def tick_schema(price_precision: int, size_precision: int) -> pa.Schema:
    """Return the schema of a result's ticks."""
    columns: dict[str, pa.DataType] = {
        "ts_event": TIME,
        "ts_init": TIME,
        "price": pa.decimal128(38, price_precision),
        "size": pa.decimal128(38, size_precision),
        "side": pa.dictionary(pa.int8(), pa.string()),
        "trade_id": pa.string(),
        RECORDED: TIME,
        "trade_row": pa.int64(),
    }
    return pa.schema(columns)


def write_trades(batches: Iterable[TradeRows], price_precision: int, size_precision: int, writer: ColumnWriter) -> None:
    """Write the NUMBERS columns of trades. Ids are texts and are not written.

    Raises:
        TickreelError: DATA_REFUSED for a value that does not fit into 64 bits at these decimals.
    """
    writer.facts.update(price_precision=price_precision, size_precision=size_precision)
    none = np.empty(0, dtype=np.int64)
    writer.append(ts_event=none, ts_init=none, price=none, size=none, side=none.astype(np.uint8))
    for rows in batches:
        writer.append(
            ts_event=rows.ts_event,
            ts_init=rows.ts_init,
            price=rows.int64s("price", price_precision),
            size=rows.int64s("size", size_precision),
            side=rows.side,
        )


def file_columns(wanted: Iterable[str]) -> list[str]:
    """Return the names in files of some columns of `TradeColumns`.

    The side has another name in the engine's files, so both names are returned. Readers ignore a name that a file lacks.
    """
    return [name for column in wanted for name in ((column, "aggressor_side") if column == "side" else (column,))]


def read_trades(
    slices: Sequence[Slice], columns: Sequence[str] | None = None, batch_rows: int = BATCH_ROWS
) -> Iterator[TradeRows]:
    """Read trades in replay order, a batch at a time (see `read_slices`).

    Raises:
        OSError: A file is gone or cannot be read.
    """
    return (TradeRows(batch) for batch in read_slices(slices, columns, batch_rows))
