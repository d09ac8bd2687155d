"""The rows of a window at which equity is sampled: trade rows, or book rows without them; with the marks of a position."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from tickreel.accounting import scaled
from tickreel.accounting.scaled import Integers
from tickreel.stores.depths import NO_LEVEL

Int64 = npt.NDArray[np.int64]

_SECOND = 1_000_000_000


@dataclass(frozen=True)
class MarkRows:
    """The trade rows at which equity is sampled, each with its mark price, and the book rows that give the marks.

    Attributes:
        ts: Replay times of the trade rows, UNIX nanoseconds; shape (rows,).
        marks: The mark price of each trade row: its own price, or the mid price of the last book before it; shape (rows,).
        mark_scale: The number of decimals of marks and mids.
        first_mark: The mark price of a position that is open at the start of the window.
        last_mark: The mark price at the end of the window.
        book_ts: Replay times of the book rows, UNIX nanoseconds; shape (books,).
        mids: The mid price of each book. A book that lacks a side has the mid price of the book before it; shape (books,).
        span: The replay times of the first and the last row of any kind.
    """

    ts: Int64
    marks: Integers
    mark_scale: int
    first_mark: int
    last_mark: int
    book_ts: Int64
    mids: Integers
    span: tuple[int, int]

    @classmethod
    def of_trades(cls, ts: Int64, prices: Integers, precision: int) -> "MarkRows":
        """Return rows marked at their own prices.

        Args:
            ts: Replay times of the trade rows; at least one.
            prices: Prices times 10^precision.
        """
        none = np.empty(0, dtype=np.int64)
        return cls(ts, prices, precision, int(prices[0]), int(prices[-1]), none, none, (int(ts[0]), int(ts[-1])))

    @classmethod
    def of_books(cls, ts: Int64, prices: Integers, precision: int, book_ts: Int64, mids: Integers) -> "MarkRows":
        """Return rows marked at the mid price of the last book before them, or at their own price before the first book.

        Args:
            ts, prices: Replay times and prices of the trade rows, possibly none; prices times 10^precision.
            book_ts, mids: Replay times and mid prices of the book rows; mid prices times 10^(precision + 1).
        """
        last_mids = _last(book_ts, mids, ts)
        marks = np.where(last_mids == NO_LEVEL, scaled.times(prices, 10), last_mids)
        known = [*mids[mids != NO_LEVEL][-1:], *marks[-1:], 0]
        opening = [*marks[:1], *mids[mids != NO_LEVEL][:1], 0]
        instants = [int(ends[end]) for ends in (ts, book_ts) if len(ends) for end in (0, -1)]
        span = (min(instants), max(instants))
        return cls(ts, marks, precision + 1, int(opening[0]), int(known[0]), book_ts, mids, span)

    @cached_property
    def samples(self) -> tuple[Int64, Integers]:
        """The times at which equity is sampled, and the mark price at each; shape (samples,).

        They are the trade rows. In a window without any, they are the book rows from the first one with both sides on.
        """
        if len(self.ts):
            return self.ts, self.marks
        known = self.mids != NO_LEVEL
        return self.book_ts[known], self.mids[known]

    def mids_at(self, times: Int64) -> Integers:
        """Return the mid price of the last book at or before each time; NO_LEVEL before the first book."""
        return _last(self.book_ts, self.mids, times)

    def marks_at(self, times: Int64) -> Integers:
        """Return the mark price at each time: the mid price of the last book, or else the mark of the last trade row."""
        before = np.searchsorted(self.ts, times, side="right") - 1
        marks = np.where(before < 0, self.first_mark, self.marks[before] if len(self.marks) else self.first_mark)
        mids = self.mids_at(times)
        return np.where(mids == NO_LEVEL, marks, mids)

    def more_in_a_second(self, count: int) -> bool:
        """Return whether any second of the window holds more than `count` trade rows."""
        return count < len(self.ts) and int((self.ts[count:] - self.ts[:-count]).min()) <= _SECOND

    def between(self, times: Int64) -> int:
        """Return how many of some times are no time of a row."""
        found = np.zeros(len(times), dtype=np.bool_)
        for rows in (self.ts, self.book_ts):
            found |= np.searchsorted(rows, times, side="left") != np.searchsorted(rows, times, side="right")
        return int(np.count_nonzero(~found))

    def rows_until(self, time: int) -> tuple[int, int]:
        """Return the numbers of trade rows and of book rows at or before a time."""
        trade_rows, book_rows = (int(np.searchsorted(ts, time, side="right")) for ts in (self.ts, self.book_ts))
        return trade_rows, book_rows

    def time_after(self, trade_rows: int, book_rows: int) -> int | None:
        """Return the time of the last replayed row, given the numbers of replayed rows; None before the first row."""
        times = [int(ts[min(done, len(ts)) - 1]) for ts, done in ((self.ts, trade_rows), (self.book_ts, book_rows)) if done]
        return max(times, default=None)


def _last(book_ts: Int64, mids: Integers, times: Int64) -> Integers:
    before = np.searchsorted(book_ts, times, side="right") - 1
    return np.where(before < 0, NO_LEVEL, mids[before]) if len(mids) else np.full(len(times), NO_LEVEL, dtype=np.int64)
