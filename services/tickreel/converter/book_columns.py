"""The levels of raw book snapshots, made into those of the engine's catalog; what cannot be is added to the faults.

A level without a price and an amount, or of the amount zero, is absent. What a snapshot shows is kept, whatever it is:
too few levels, an empty side, bids above asks, the book of the row before. All of it is counted.
"""

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tickreel.converter.converted_depths import SideLevels
from tickreel.converter.decimal_column import DecimalColumn
from tickreel.converter.faults import Faults
from tickreel.engine import catalog_format
from tickreel.stores.raw_schema import LEVELS

Int64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
# Decimals as 128-bit integers of scale 16, in a last axis of their low and their high 64 bits.
Words = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Side:
    """One side of the snapshots of a chunk, the best level of each first, those that are absent last.

    Attributes:
        price, size: Of shape (rows, 5, 2); 0 where a level is absent.
        counts: How many levels each row has.
        unsorted: Which rows had levels that did not stand in that order.
    """

    price: Words
    size: Words
    counts: npt.NDArray[np.uint8]
    unsorted: Bools

    @property
    def present(self) -> Bools:
        """Which levels there are, of shape (rows, 5)."""
        return np.arange(LEVELS) < self.counts[:, None]

    def levels(self) -> SideLevels:
        """The side without what is absent."""
        if self.counts.size and self.counts.min() == LEVELS:
            price, size = self.price.reshape(-1, 2), self.size.reshape(-1, 2)
        else:
            present = self.present
            price, size = self.price[present], self.size[present]
        return SideLevels(catalog_format.decimals_of_words(price), catalog_format.decimals_of_words(size), self.counts)


class SideColumns:
    """Makes one side of the snapshots, chunk by chunk, of the ten columns that it has in a raw file.

    Args:
        name: "bids" or "asks".
        price, size: What makes their decimals; both sides share them.
    """

    def __init__(self, name: str, price: DecimalColumn, size: DecimalColumn, faults: Faults) -> None:
        self.names = [f"{name}[{level}].{part}" for level in range(LEVELS) for part in ("price", "amount")]
        self._descending = name == "bids"
        self._price, self._size, self._faults = price, size, faults

    def convert(self, table: pa.Table, rows: Int64) -> Side:
        """The side in a chunk; a level with a fault is absent, or of price or size 1.

        Args:
            rows: The numbers of its rows in the raw file, from 0.
        """
        price = np.zeros((len(rows), LEVELS, 2), dtype=np.uint64)
        size = np.zeros_like(price)
        present = np.empty((len(rows), LEVELS), dtype=np.bool_)
        for level in range(LEVELS):
            names = self.names[2 * level : 2 * level + 2]
            columns = [_numbers(table[name]) for name in names]
            there = present[:, level] = self._present(names, columns, rows)
            everywhere = there.all()
            for name, column, decimals, words in zip(names, columns, (self._price, self._size), (price, size), strict=True):
                if everywhere:
                    words[:, level] = catalog_format.words_of_decimals(decimals.convert(name, column, rows))
                else:
                    shown = column.filter(pa.array(there))
                    words[there, level] = catalog_format.words_of_decimals(decimals.convert(name, shown, rows[there]))
        return self._best_first(price, size, present)

    def _present(self, names: list[str], columns: list[pa.Array], rows: Int64) -> Bools:
        amount = columns[1]
        # A value that is none makes the comparison false, so that one look is enough for nearly every chunk.
        if all(_all_above_zero(column) for column in columns):
            return np.ones(len(rows), dtype=np.bool_)
        no_price, no_amount = (pc.is_null(column, nan_is_null=True).to_numpy(zero_copy_only=False) for column in columns)
        zero = pc.fill_null(pc.equal(amount, _zero(amount.type)), False).to_numpy(zero_copy_only=False)
        for name, beside, lacks in (
            (names[0], "an amount", no_price & ~no_amount & ~zero),
            (names[1], "a price", no_amount & ~no_price),
        ):
            self._faults.add(name, f"no value beside {beside}", rows[lacks], ["null"] * int(lacks.sum()))
        return ~(no_price | no_amount | zero)

    def _best_first(self, price: Words, size: Words, present: Bools) -> Side:
        counts = present.sum(axis=1, dtype=np.uint8)
        low, high = price[..., 0], price[..., 1]
        # Where a level is absent all bits are set, which is behind every price.
        worse_first = (~high, ~low) if self._descending else (high, low)
        high_key, low_key = (np.where(present, key, ~np.uint64(0)) for key in worse_first)
        behind = (high_key[:, 1:] < high_key[:, :-1]) | (
            (high_key[:, 1:] == high_key[:, :-1]) & (low_key[:, 1:] < low_key[:, :-1])
        )
        unsorted = behind.any(axis=1)
        rows = np.flatnonzero(unsorted)
        if not rows.size:
            return Side(price, size, counts, unsorted)
        order = np.lexsort((low_key[rows], high_key[rows]), axis=1)
        for words in (price, size):
            words[rows] = np.take_along_axis(words[rows], order[..., None], axis=1)
        # Where a gap was closed the order is still that of the file.
        moved = (np.diff(order, axis=1) < 0) & (np.arange(1, LEVELS) < counts[rows, None])
        unsorted[rows] = moved.any(axis=1)
        return Side(price, size, counts, unsorted)


def _numbers(column: pa.ChunkedArray) -> pa.Array:
    """A column of numbers in one of two kinds: doubles, or decimals that can be compared."""
    if not pa.types.is_decimal(column.type):
        kind = pa.float64()
    else:
        kind = pa.decimal128(38, column.type.scale) if column.type.precision <= 38 else column.type
    # Whole numbers that a double cannot hold are far above any limit, so nothing is lost unseen.
    return column.cast(kind, safe=False).combine_chunks()


def _all_above_zero(column: pa.Array) -> bool:
    if column.null_count or not len(column):
        return False
    least = pc.min(column).as_py() if pa.types.is_decimal(column.type) else column.to_numpy().min()
    return bool(least > 0)


def _zero(kind: pa.DataType) -> pa.Scalar:
    return pa.scalar(Decimal(0) if pa.types.is_decimal(kind) else 0.0, kind)
