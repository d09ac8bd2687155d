"""Book snapshots of converted files, as columns of integers."""

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tickreel.accounting import scaled
from tickreel.accounting.scaled import Integers
from tickreel.stores.column_files import ColumnWriter
from tickreel.stores.converted_rows import BATCH_ROWS, Slice, int64s, integers, nanoseconds
from tickreel.stores.raw_schema import LEVELS
from tickreel.stores.view import read_slices

Int64 = npt.NDArray[np.int64]

NO_LEVEL = -1
"""Sentinel for the price of a missing level."""


@dataclass(frozen=True)
class DepthRows:
    """Book snapshots in replay order, one a row, with the columns of the engine's catalog."""

    batch: pa.RecordBatch

    def __len__(self) -> int:
        return self.batch.num_rows

    @property
    def ts_init(self) -> Int64:
        """Times on the replay clock, UNIX nanoseconds, strictly increasing within a file."""
        return nanoseconds(self.batch.column("ts_init"))

    @property
    def ts_event(self) -> Int64:
        """Times on the exchange's clock, UNIX nanoseconds."""
        return nanoseconds(self.batch.column("ts_event"))

    def levels(
        self, side: str, field: str, precision: int, values_of: Callable[[pa.Array, int], Integers] = integers
    ) -> Integers:
        """Return the prices or sizes of all levels of a side, times 10^precision; shape (rows * LEVELS,).

        The levels of a row are adjacent, the best first. A missing level has the price NO_LEVEL and the size 0.

        Args:
            side: "bids" or "asks".
            field: "price" or "size".
            values_of: Converts decimals to integers.
        """
        column = cast(pa.ListArray, self.batch.column(side))
        offsets = column.offsets.to_numpy()
        counts = np.diff(offsets)
        row = np.repeat(np.arange(len(column)), counts)
        level = np.arange(len(row)) - np.repeat(offsets[:-1] - offsets[0], counts)
        values = values_of(cast(pa.StructArray, column.values).field(field).slice(int(offsets[0]), len(row)), precision)
        found = np.full(len(column) * LEVELS, NO_LEVEL if field == "price" else 0, dtype=values.dtype)
        found[row * LEVELS + level] = values
        return found

    def columns(self, price_precision: int, size_precision: int) -> dict[str, Int64]:
        """Return all columns of `DepthColumns`, by name.

        Raises:
            TickreelError: DATA_REFUSED for a value that does not fit into 64 bits at these decimals.
        """
        columns = {"ts_event": self.ts_event, "ts_init": self.ts_init}
        for side, word in (("bids", "bid"), ("asks", "ask")):
            for field, precision in (("price", price_precision), ("size", size_precision)):
                name = f"{word}_{field}"
                columns[name] = self.levels(side, field, precision, functools.partial(int64s, field=name.replace("_", " ")))
        return columns

    def best(self, side: str, precision: int) -> Integers:
        """Return the best prices of a side, "bids" or "asks", times 10^precision; NO_LEVEL where the side is empty."""
        levels = cast(pa.ListArray, self.batch.column(side))
        lengths = np.diff(levels.offsets.to_numpy())
        first = levels.offsets.to_numpy()[:-1][lengths > 0]
        prices = integers(cast(pa.StructArray, levels.values).field("price").take(first), precision)
        best = np.full(len(levels), NO_LEVEL, dtype=prices.dtype)
        best[lengths > 0] = prices
        return best

    def mids(self, precision: int) -> Integers:
        """Return the mid prices, times 10^(precision + 1); NO_LEVEL where a side is empty."""
        bids, asks = self.best("bids", precision), self.best("asks", precision)
        return np.where((bids == NO_LEVEL) | (asks == NO_LEVEL), NO_LEVEL, scaled.times(scaled.plus(bids, asks), 5))


def write_depths(batches: Iterable[DepthRows], price_precision: int, size_precision: int, writer: ColumnWriter) -> None:
    """Write all columns of book snapshots."""
    writer.facts.update(price_precision=price_precision, size_precision=size_precision)
    for rows in batches:
        writer.append(**rows.columns(price_precision, size_precision))


def read_depths(
    slices: Sequence[Slice], columns: Sequence[str] | None = None, batch_rows: int = BATCH_ROWS
) -> Iterator[DepthRows]:
    """Read book snapshots in replay order, a batch at a time (see `read_slices`).

    Raises:
        OSError: A file is gone or cannot be read.
    """
    return (DepthRows(batch) for batch in read_slices(slices, columns, batch_rows))
