"""Conversion of the levels of raw book snapshots for the engine's catalog. Values that cannot be converted are faults.

A level without price and amount, or with an amount of zero, is absent. Unusual snapshots are kept and counted: too few
levels, an empty side, bids above asks, the same book as in the row before. Of more than five levels the best five are kept.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tickreel.converter.converted_depths import SideLevels
from tickreel.converter.decimal_column import DecimalColumn, combined, decimals_of_raw_integers
from tickreel.converter.faults import Faults
from tickreel.engine import catalog_format
from tickreel.stores.raw_schema import LEVELS, level_columns

Int64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
# Decimals as 128-bit integers of scale 16. The last axis has their low and their high 64 bits.
Words = npt.NDArray[np.uint64]

# Most levels of a side that are converted at once, to bound memory where lists are long.
_MOST_LEVELS = 1 << 18


@dataclass(frozen=True)
class Side:
    """One side of the snapshots of a chunk. Each row has its best level first and absent levels last.

    Attributes:
        price, size: Shape (rows, 5, 2); 0 for absent levels.
        counts: Number of levels of each row.
        unsorted: Mask of the rows whose raw levels were in another order.
        beyond: Mask of the rows that had more than five levels.
    """

    price: Words
    size: Words
    counts: npt.NDArray[np.uint8]
    unsorted: Bools
    beyond: Bools

    @classmethod
    def joined(cls, parts: "Sequence[Side]") -> "Side":
        """Return the rows of all parts, one part after another."""
        return cls(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)))

    @property
    def present(self) -> Bools:
        """Mask of the present levels, shape (rows, 5)."""
        return np.arange(LEVELS) < self.counts[:, None]

    def levels(self) -> SideLevels:
        """Return the side without absent levels."""
        if self.counts.size and self.counts.min() == LEVELS:
            price, size = self.price.reshape(-1, 2), self.size.reshape(-1, 2)
        else:
            present = self.present
            price, size = self.price[present], self.size[present]
        return SideLevels(catalog_format.decimals_of_words(price), catalog_format.decimals_of_words(size), self.counts)


class SideColumns:
    """Converts one side of the snapshots, chunk by chunk.

    Attributes:
        names: The side's raw columns: a price and a size for each level, or one column of lists.

    Args:
        name: "bids" or "asks".
        columns: All columns of the raw file.
        price, size: Converters of prices and sizes, which both sides share.
    """

    def __init__(self, name: str, columns: Collection[str], price: DecimalColumn, size: DecimalColumn, faults: Faults) -> None:
        self._name = name
        self._pairs = level_columns(columns, name)
        self.names = [column for pair in self._pairs for column in pair] or [name]
        self._descending = name == "bids"
        self._price, self._size, self._faults = price, size, faults

    def convert(self, table: pa.Table, rows: Int64) -> Side:
        """Return the side in a chunk. A level at fault is absent, or has price or size 1.

        Args:
            rows: Row numbers in the raw file, from 0.
        """
        if self._pairs:
            levels = [LevelColumns(*pair, *(_numbers(table[name]) for name in pair)) for pair in self._pairs]
            return self._of_levels(levels, rows)
        column = cast(pa.ListArray | pa.LargeListArray, table[self._name].combine_chunks())
        lists = LevelLists.of(self._name, column)
        most_rows = max(1, _MOST_LEVELS // lists.deepest)
        parts = (slice(start, start + most_rows) for start in range(0, len(rows), most_rows))
        return Side.joined([self._of_levels(lists.levels(part), rows[part]) for part in parts])

    def _of_levels(self, levels: "Sequence[LevelColumns]", rows: Int64) -> Side:
        price = np.zeros((len(rows), len(levels), 2), dtype=np.uint64)
        size = np.zeros_like(price)
        present = np.empty((len(rows), len(levels)), dtype=np.bool_)
        for number, level in enumerate(levels):
            there = present[:, number] = self._present(level, rows)
            everywhere = there.all()
            for name, column, decimals, words in (
                (level.price_name, level.price, self._price, price),
                (level.size_name, level.size, self._size, size),
            ):
                if everywhere:
                    words[:, number] = catalog_format.words_of_decimals(decimals.convert(name, column, rows))
                else:
                    shown = column.filter(pa.array(there))
                    words[there, number] = catalog_format.words_of_decimals(decimals.convert(name, shown, rows[there]))
        return self._best_first(price, size, present)

    def _present(self, level: "LevelColumns", rows: Int64) -> Bools:
        columns, amount = (level.price, level.size), level.size
        # NaN makes the comparison false, so this one check is enough for nearly every chunk.
        if all(_all_above_zero(column) for column in columns):
            return np.ones(len(rows), dtype=np.bool_)
        no_price, no_amount = (pc.is_null(column, nan_is_null=True).to_numpy(zero_copy_only=False) for column in columns)
        zero = pc.equal(amount, _zero(amount.type)).fill_null(False).to_numpy(zero_copy_only=False)
        for name, other, lacks in (
            (level.price_name, "an amount", no_price & ~no_amount & ~zero),
            (level.size_name, "a price", no_amount & ~no_price),
        ):
            self._faults.add(name, f"no value, but {other}", rows[lacks], ["null"] * int(lacks.sum()))
        present: Bools = ~(no_price | no_amount | zero)
        return present

    def _best_first(self, price: Words, size: Words, present: Bools) -> Side:
        counts = present.sum(axis=1)
        low, high = price[..., 0], price[..., 1]
        # The key of an absent level has all bits set, so absent levels sort last.
        worse_first = (~high, ~low) if self._descending else (high, low)
        high_key, low_key = (np.where(present, key, ~np.uint64(0)) for key in worse_first)
        behind = (high_key[:, 1:] < high_key[:, :-1]) | (
            (high_key[:, 1:] == high_key[:, :-1]) & (low_key[:, 1:] < low_key[:, :-1])
        )
        unsorted = behind.any(axis=1)
        rows = np.flatnonzero(unsorted)
        if rows.size:
            order = np.lexsort((low_key[rows], high_key[rows]), axis=1)
            for words in (price, size):
                words[rows] = np.take_along_axis(words[rows], order[..., None], axis=1)
            # Closing a gap does not change the order of the present levels.
            moved = (np.diff(order, axis=1) < 0) & (np.arange(1, price.shape[1]) < counts[rows, None])
            unsorted[rows] = moved.any(axis=1)
        beyond = counts > LEVELS
        kept = np.minimum(counts, LEVELS).astype(np.uint8)
        return Side(price[:, :LEVELS], size[:, :LEVELS], kept, unsorted, beyond)


@dataclass(frozen=True)
class LevelColumns:
    """One level of a side in all rows of a chunk. It is null in rows without this level.

    Attributes:
        price_name, size_name: Names that faults use.
    """

    price_name: str
    size_name: str
    price: pa.Array
    size: pa.Array


@dataclass(frozen=True)
class LevelLists:
    """One side of the snapshots of a chunk, given as a column of lists.

    Attributes:
        name: The column.
        price, size: Levels of all rows, row after row.
        starts, lengths: Position of the first level of each row, and its number of levels.
    """

    name: str
    price: pa.Array
    size: pa.Array
    starts: Int64
    lengths: Int64

    @classmethod
    def of(cls, name: str, column: pa.ListArray | pa.LargeListArray) -> "LevelLists":
        """Return the lists of a column of lists of structs. A null list is empty."""
        # A null level has neither price nor size.
        structs = cast(pa.StructArray, column.values)
        parts = dict(zip([field.name for field in structs.type], structs.flatten(), strict=True))
        price, size = (_numbers(pa.chunked_array([parts[part]])) for part in ("price", "size"))
        lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy()
        return cls(name, price, size, column.offsets.to_numpy()[:-1], lengths)

    @property
    def deepest(self) -> int:
        """Number of levels of the longest list, at least five."""
        return max(int(self.lengths.max(initial=0)), LEVELS)

    def levels(self, rows: slice) -> list[LevelColumns]:
        """Return the levels of some rows, the first level of each row first."""
        starts, lengths = self.starts[rows], self.lengths[rows]
        levels = []
        for level in range(max(int(lengths.max(initial=0)), LEVELS)):
            places = pa.array(starts + level, pa.int64(), mask=lengths <= level)
            name = f"{self.name}[{level}]"
            levels.append(LevelColumns(f"{name}.price", f"{name}.size", self.price.take(places), self.size.take(places)))
        return levels


def _numbers(column: pa.ChunkedArray) -> pa.Array:
    """Return a column of numbers as doubles, or as decimals of a width that Arrow can compare."""
    numbers = decimals_of_raw_integers(column)
    kind: pa.DataType = pa.float64()
    if pa.types.is_decimal(numbers.type):
        kind = pa.decimal128(38, numbers.type.scale) if numbers.type.precision <= 38 else numbers.type
    # A whole number that a double cannot hold is far above any limit, so no loss goes unnoticed.
    return combined(numbers.cast(kind, safe=False))


def _all_above_zero(column: pa.Array) -> bool:
    if column.null_count or not len(column):
        return False
    least = pc.min(column).as_py() if pa.types.is_decimal(column.type) else column.to_numpy().min()
    return bool(least > 0)


def _zero(kind: pa.DataType) -> pa.Scalar:
    return pa.scalar(Decimal(0) if pa.types.is_decimal(kind) else 0.0, kind)
