"""What the data showed at the fills of a run: the print and the displayed level that each met, and what was left of them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tickreel.accounting import scaled
from tickreel.accounting.scaled import Integers
from tickreel.engine.tape import Fills
from tickreel.runner.window.mark_rows import MarkRows
from tickreel.runner.window.window_rows import WindowRows
from tickreel.stores.depths import NO_LEVEL
from tickreel.stores.raw_schema import LEVELS

Int64 = npt.NDArray[np.int64]

NONE = NO_LEVEL
"""Stands for what a fill has not: no price, size, time or number of a row is below zero."""


@dataclass(frozen=True)
class FillEvidence:
    """What the data showed at some fills; every column has shape (fills,), with NONE where there was nothing.

    Sizes are of the size precision.
    """

    print_size: Integers
    """Of the trade row that the fill met."""
    print_used: Integers
    """What fills before it had used of that."""
    displayed: Integers
    """Of the level that it met."""
    displayed_used: Integers
    """What fills before it had used of that since the book was recorded."""
    backed: Integers
    """The part of its size that the data backs."""
    mid: Integers
    """The middle of the book, of the scale of marks."""
    touch: Integers
    """The best price of the opposite side, of the price precision."""
    book_age: Int64
    """Nanoseconds."""


class _Used:
    """How much of each of some things has been used, by fills that come in parts; no more is kept than of the latest epoch."""

    def __init__(self) -> None:
        self._epoch = NONE
        self._keys: Int64 = np.empty(0, dtype=np.int64)
        self._sizes: Integers = np.empty(0, dtype=np.int64)

    def before(self, keys: Int64, sizes: Integers, epochs: Int64) -> Integers:
        """How much each fill finds used of its thing.

        Args:
            keys: The thing that each fill uses; one of an epoch is none of another.
            epochs: Not decreasing, from call to call.
        """
        if not len(keys):
            return sizes
        carried = len(self._keys) if epochs[0] == self._epoch else 0
        keys = np.concatenate((self._keys[:carried], keys))
        sizes = np.concatenate((self._sizes[:carried], sizes))
        (sizes,) = scaled.wide((sizes,), scaled.total(sizes))
        order = np.argsort(keys, kind="stable")
        running = np.cumsum(sizes[order])
        sorted_keys = keys[order]
        begins = np.flatnonzero(np.diff(sorted_keys, prepend=NONE))
        counts = np.diff(begins, append=len(keys))
        used = np.empty_like(sizes)
        used[order] = running - sizes[order] - np.repeat(running[begins] - sizes[order][begins], counts)
        self._epoch = int(epochs[-1])
        latest = np.concatenate((np.full(carried, epochs[0]), epochs)) == self._epoch
        self._keys, last = np.unique(keys[latest][::-1], return_index=True)
        self._sizes = (used + sizes)[latest][::-1][last]
        return used[carried:]


class Evidence:
    """Finds what the data showed, slice by slice: what fills have used of the last print and of the last book is carried on.

    Args:
        rows: Of the whole window.
        window: The same rows, with what was printed and displayed.
    """

    def __init__(self, rows: MarkRows, window: WindowRows) -> None:
        self._rows = rows
        self._window = window
        self._of_prints, self._of_levels = _Used(), _Used()
        self.has_books = len(rows.book_ts) > 0

    def of(self, fills: Fills) -> FillEvidence:
        """What the data showed at the fills that follow, in order of time.

        Raises:
            TickreelError: DATA_CHANGED where the data has fewer rows by now.
        """
        rows, count = self._rows, len(fills.ts)
        (size,) = scaled.wide((fills.quantity,), scaled.total(fills.quantity))
        row = np.searchsorted(rows.ts, fills.ts, side="right") - 1
        book = np.searchsorted(rows.book_ts, fills.ts, side="right") - 1
        mid = touch = book_age = displayed = displayed_used = np.full(count, NONE, dtype=np.int64)

        met = row >= 0
        if self.has_books:
            met &= (book < 0) | (rows.ts[row] > rows.book_ts[book])
        price, printed = self._window.prints(row[met])
        used = self._of_prints.before(row[met], size[met], row[met])
        backs = (price - fills.price[met]) * fills.side[met] <= 0
        print_size, print_used = _column(count, met, printed), _column(count, met, used)
        left = _column(count, met, np.where(backs, printed - used, 0), 0)

        known = np.flatnonzero(book >= 0)
        if len(known):
            book, side = book[known], fills.side[known]
            mid, book_age = _column(count, known, rows.mids[book]), _column(count, known, fills.ts[known] - rows.book_ts[book])
            numbers, place = np.unique(book, return_inverse=True)
            prices, sizes = self._window.levels(numbers)
            # Who buys meets the asks.
            opposite = (side > 0).astype(np.int64)
            prices = prices[opposite, place]
            touch = _column(count, known, prices[:, 0])
            within = (prices != NONE) & ((prices - fills.price[known, None]) * side[:, None] <= 0)
            level = (within * np.arange(1, LEVELS + 1)).max(axis=1) - 1
            there = level >= 0
            found, key = known[there], (book * 2 + opposite) * LEVELS + level
            on_display = sizes[opposite, place, level][there]
            used = self._of_levels.before(key[there], size[found], book[there])
            displayed, displayed_used = _column(count, found, on_display), _column(count, found, used)
            left = np.maximum(left, _column(count, found, on_display - used, 0))
        backed = np.clip(left, 0, size)
        return FillEvidence(print_size, print_used, displayed, displayed_used, backed, mid, touch, book_age)


def _column(count: int, rows: npt.NDArray[Any], values: Integers, other: int = NONE) -> Integers:
    """A column of so many rows with values in some of them, another value in the others."""
    column = np.full(count, other, dtype=values.dtype)
    column[rows] = values
    return column
