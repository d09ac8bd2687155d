"""The levels of raw book snapshots, made into those of the engine's catalog; what cannot be is added to the faults.

A level without a price and an amount, or of the amount zero, is absent. What a snapshot shows is kept, whatever it is:
too few levels, an empty side, bids above asks, the book of the row before. Of more than five levels the best five are kept.
All of it is counted.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tickreel.converter.converted_depths import SideLevels
from tickreel.converter.decimal_column import DecimalColumn, decimals_of_raw_integers
from tickreel.converter.faults import Faults
from tickreel.engine import catalog_format
from tickreel.stores.raw_schema import LEVELS, level_columns

Int64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
# Decimals as 128-bit integers of scale 16, in a last axis of their low and their high 64 bits.
Words = npt.NDArray[np.uint64]

# Levels of a side that are worked on together, which bounds the memory where lists are long.
_MOST_LEVELS = 1 << 18


@dataclass(frozen=True)
class Side:
    """One side of the snapshots of a chunk, the best level of each first, those that are absent last.

    Attributes:
        price, size: Of shape (rows, 5, 2); 0 where a level is absent.
        counts: How many levels each row has.
        unsorted: Which rows had levels that did not stand in that order.
        beyond: Which rows had more levels than five.
    """

    price: Words
    size: Words
    counts: npt.NDArray[np.uint8]
    unsorted: Bools
    beyond: Bools

    @classmethod
    def joined(cls, parts: "Sequence[Side]") -> "Side":
        """Parts of a side below each other."""
        return cls(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)))

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
    """Makes one side of the snapshots, chunk by chunk, of the columns that it has in a raw file.

    Attributes:
        names: Those columns: a price and a size for each level, or one column of lists.

    Args:
        name: "bids" or "asks".
        columns: All columns of the raw file.
        price, size: What makes their decimals; both sides share them.
    """

    def __init__(self, name: str, columns: Collection[str], price: DecimalColumn, size: DecimalColumn, faults: Faults) -> None:
        self._name = name
        self._pairs = level_columns(columns, name)
        self.names = [column for pair in self._pairs for column in pair] or [name]
        self._descending = name == "bids"
        self._price, self._size, self._faults = price, size, faults

    def convert(self, table: pa.Table, rows: Int64) -> Side:
        """The side in a chunk; a level with a fault is absent, or of price or size 1.

        Args:
            rows: The numbers of its rows in the raw file, from 0.
        """
        if self._pairs:
            levels = [LevelColumns(*pair, *(_numbers(table[name]) for name in pair)) for pair in self._pairs]
            return self._of_levels(levels, rows)
        lists = LevelLists.of(self._name, table[self._name].combine_chunks())
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
        # A value that is none makes the comparison false, so that one look is enough for nearly every chunk.
        if all(_all_above_zero(column) for column in columns):
            return np.ones(len(rows), dtype=np.bool_)
        no_price, no_amount = (pc.is_null(column, nan_is_null=True).to_numpy(zero_copy_only=False) for column in columns)
        zero = pc.fill_null(pc.equal(amount, _zero(amount.type)), False).to_numpy(zero_copy_only=False)
        for name, beside, lacks in (
            (level.price_name, "an amount", no_price & ~no_amount & ~zero),
            (level.size_name, "a price", no_amount & ~no_price),
        ):
            self._faults.add(name, f"no value beside {beside}", rows[lacks], ["null"] * int(lacks.sum()))
        return ~(no_price | no_amount | zero)

    def _best_first(self, price: Words, size: Words, present: Bools) -> Side:
        counts = present.sum(axis=1)
        low, high = price[..., 0], price[..., 1]
        # Where a level is absent all bits are set, which is behind every price.
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
            # Where a gap was closed the order is still that of the file.
            moved = (np.diff(order, axis=1) < 0) & (np.arange(1, price.shape[1]) < counts[rows, None])
            unsorted[rows] = moved.any(axis=1)
        beyond = counts > LEVELS
        kept = np.minimum(counts, LEVELS).astype(np.uint8)
        return Side(price[:, :LEVELS], size[:, :LEVELS], kept, unsorted, beyond)


@dataclass(frozen=True)
class LevelColumns:
    """One level of a side in all rows of a chunk; null where a row has no such level.

    Attributes:
        price_name, size_name: What faults call them.
    """

    price_name: str
    size_name: str
    price: pa.Array
    size: pa.Array


@dataclass(frozen=True)
class LevelLists:
    """One side of the snapshots of a chunk where it is a column of lists.

    Attributes:
        name: The column.
        price, size: Of the levels of all rows one after another.
        starts, lengths: The place of the first level of each row, and how many it has.
    """

    name: str
    price: pa.Array
    size: pa.Array
    starts: Int64
    lengths: Int64

    @classmethod
    def of(cls, name: str, column: pa.ListArray | pa.LargeListArray) -> "LevelLists":
        """The lists of a column of structs; a list that is null is empty."""
        # A level that is null has neither price nor size.
        parts = dict(zip([field.name for field in column.type.value_type], column.values.flatten(), strict=True))
        price, size = (_numbers(pa.chunked_array([parts[part]])) for part in ("price", "size"))
        lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy()
        return cls(name, price, size, column.offsets.to_numpy()[:-1], lengths)

    @property
    def deepest(self) -> int:
        """The levels of the longest list, at least five."""
        return max(int(self.lengths.max(initial=0)), LEVELS)

    def levels(self, rows: slice) -> list[LevelColumns]:
        """The levels of some of the rows."""
        starts, lengths = self.starts[rows], self.lengths[rows]
        levels = []
        for level in range(max(int(lengths.max(initial=0)), LEVELS)):
            places = pa.array(starts + level, mask=lengths <= level)
            names = (f"{self.name}[{level}].{part}" for part in ("price", "size"))
            levels.append(LevelColumns(*names, self.price.take(places), self.size.take(places)))
        return levels


def _numbers(column: pa.ChunkedArray) -> pa.Array:
    """A column of numbers in one of two kinds: doubles, or decimals that can be compared."""
    column = decimals_of_raw_integers(column)
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
