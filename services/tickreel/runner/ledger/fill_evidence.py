"""The evidence for fills: the print and the displayed level that each fill met, and how much of them was already consumed."""

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
"""Sentinel for a missing value. No price, size, time or row number is negative."""


@dataclass(frozen=True)
class FillEvidence:
    """The evidence for some fills; every column has shape (fills,), with NONE for missing values.

    Sizes are in units of the size precision.
    """

    print_size: Integers
    """Size of the trade row that the fill met."""
    print_used: Integers
    """Size of that print already consumed by earlier fills."""
    displayed: Integers
    """Displayed size of the level that the fill met."""
    displayed_used: Integers
    """Size of that level already consumed by earlier fills since the book snapshot."""
    backed: Integers
    """Part of the fill's size that the data backs; 0 if there is none."""
    mid: Integers
    """Mid price of the book, at the scale of marks."""
    touch: Integers
    """Best price of the opposite side, in units of the price precision."""
    book_age: Int64
    """Age of the book snapshot, nanoseconds."""


class _Consumption:
    """Size consumed so far per print or level, across calls. Only the sizes of the latest epoch are kept."""

    def __init__(self) -> None:
        self._epoch = NONE
        self._keys: Int64 = np.empty(0, dtype=np.int64)
        self._sizes: Integers = np.empty(0, dtype=np.int64)

    def before(self, keys: Int64, sizes: Integers, epochs: Int64) -> Integers:
        """Size already consumed by earlier fills, per fill.

        Args:
            keys: Key of the print or level that each fill consumes. Keys are never reused across epochs.
            epochs: Row of the print or book snapshot. Non-decreasing, also from call to call.
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
    """Finds the evidence for fills, slice by slice. The consumption of the last print and book is kept for the next slice.

    Args:
        rows: All rows of the window.
        window: The prints and books of the same rows.
    """

    def __init__(self, rows: MarkRows, window: WindowRows) -> None:
        self._rows = rows
        self._window = window
        self._prints, self._levels = _Consumption(), _Consumption()
        self.has_books = len(rows.book_ts) > 0

    def of(self, fills: Fills) -> FillEvidence:
        """Return the evidence for the next fills.

        Args:
            fills: In order of time, later than the fills of earlier calls.

        Raises:
            TickreelError: DATA_CHANGED if the files have fewer rows than before.
        """
        rows, count = self._rows, len(fills.ts)
        (size,) = scaled.wide((fills.quantity,), scaled.total(fills.quantity))
        row = np.searchsorted(rows.ts, fills.ts, side="right") - 1
        book = np.searchsorted(rows.book_ts, fills.ts, side="right") - 1
        mid = touch = book_age = displayed = displayed_used = np.full(count, NONE, dtype=np.int64)

        met = row >= 0
        if self.has_books:
            met[met] = (book[met] < 0) | (rows.ts[row[met]] > rows.book_ts[book[met]])
        price, printed = self._window.prints(row[met])
        used = self._prints.before(row[met], size[met], row[met])
        backs = (price - fills.price[met]) * fills.side[met] <= 0
        print_size, print_used = _column(count, met, printed), _column(count, met, used)
        left = _column(count, met, np.where(backs, printed - used, 0), 0)

        known = np.flatnonzero(book >= 0)
        if len(known):
            book, side = book[known], fills.side[known]
            mid, book_age = _column(count, known, rows.mids[book]), _column(count, known, fills.ts[known] - rows.book_ts[book])
            numbers, place = np.unique(book, return_inverse=True)
            prices, sizes = self._window.levels(numbers)
            # Buys fill against asks (1), sells against bids (0).
            opposite = (side > 0).astype(np.int64)
            prices = prices[opposite, place]
            touch = _column(count, known, prices[:, 0])
            within = (prices != NONE) & ((prices - fills.price[known, None]) * side[:, None] <= 0)
            level = (within * np.arange(1, LEVELS + 1)).max(axis=1) - 1
            has_level = level >= 0
            found, key = known[has_level], (book * 2 + opposite) * LEVELS + level
            on_display = sizes[opposite, place, level][has_level]
            used = self._levels.before(key[has_level], size[found], book[has_level])
            displayed, displayed_used = _column(count, found, on_display), _column(count, found, used)
            left = np.maximum(left, _column(count, found, on_display - used, 0))
        backed = np.clip(left, 0, size)
        return FillEvidence(print_size, print_used, displayed, displayed_used, backed, mid, touch, book_age)


def _column(count: int, rows: npt.NDArray[Any], values: Integers, other: int = NONE) -> Integers:
    """Return a column of `count` rows with `values` in some rows and `other` in the rest."""
    column = np.full(count, other, dtype=values.dtype)
    column[rows] = values
    return column
