"""The rows of a window, and what a position is worth at each."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tickreel.accounting import scaled
from tickreel.accounting.scaled import Integers
from tickreel.stores.depths import NO_LEVEL

Int64 = npt.NDArray[np.int64]

_SECOND = 1_000_000_000


@dataclass(frozen=True)
class MarkRows:
    """The rows of a window that equity is looked at: those of trades, each with the price that a position is worth there.

    Attributes:
        ts: Replay times of the trade rows, UNIX nanoseconds.
        marks: The prices at them: their own, or the middle of the last book before them.
        mark_scale: The decimals of marks.
        last_mark: The price at the end of the window.
        first_mark: The price that an opening position is valued at.
        book_ts: Replay times of the book rows.
        mids: The middles of the books, of mark_scale; those of the book before where one lacks a side.
        span: The times of the first and last row of any kind.
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
        """Rows marked at their own prices.

        Args:
            prices: Times 10^precision.
        """
        none = np.empty(0, dtype=np.int64)
        return cls(ts, prices, precision, int(prices[0]), int(prices[-1]), none, none, (int(ts[0]), int(ts[-1])))

    @classmethod
    def of_books(cls, ts: Int64, prices: Integers, precision: int, book_ts: Int64, mids: Integers) -> "MarkRows":
        """Rows marked at the middle of the last book before them; at their own price while there is none.

        Args:
            ts, prices: Of the trade rows, which may be none; prices times 10^precision.
            book_ts, mids: Of the book rows; middles times 10^(precision + 1).
        """
        middles = _last(book_ts, mids, ts)
        marks = np.where(middles == NO_LEVEL, scaled.times(prices, 10), middles)
        known = [*mids[mids != NO_LEVEL][-1:], *marks[-1:], 0]
        opening = [*marks[:1], *mids[mids != NO_LEVEL][:1], 0]
        instants = [int(ends[end]) for ends in (ts, book_ts) if len(ends) for end in (0, -1)]
        span = (min(instants), max(instants))
        return cls(ts, marks, precision + 1, int(opening[0]), int(known[0]), book_ts, mids, span)

    def mids_at(self, times: Int64) -> Integers:
        """The middles of the last books at or before some times; NO_LEVEL where there was none."""
        return _last(self.book_ts, self.mids, times)

    def marks_at(self, times: Int64) -> Integers:
        """What a position was marked at at some times: the middle of the last book, or the price of the last trade row."""
        before = np.searchsorted(self.ts, times, side="right") - 1
        marks = np.where(before < 0, self.first_mark, self.marks[before])
        mids = self.mids_at(times)
        return np.where(mids == NO_LEVEL, marks, mids)

    def more_in_a_second(self, count: int) -> bool:
        """Whether more than so many trade rows lie within a second anywhere."""
        return count < len(self.ts) and int((self.ts[count:] - self.ts[:-count]).min()) <= _SECOND

    def time_after(self, trade_rows: int, book_rows: int) -> int | None:
        """The time of the last row after so many of each kind have been replayed; None before the first."""
        times = [int(ts[min(done, len(ts)) - 1]) for ts, done in ((self.ts, trade_rows), (self.book_ts, book_rows)) if done]
        return max(times, default=None)


def _last(book_ts: Int64, mids: Integers, times: Int64) -> Integers:
    before = np.searchsorted(book_ts, times, side="right") - 1
    return np.where(before < 0, NO_LEVEL, mids[before]) if len(mids) else np.full(len(times), NO_LEVEL, dtype=np.int64)
