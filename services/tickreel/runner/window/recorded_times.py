"""Map the replay times of a run to the recorder's clock and to its trade rows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from tickreel.runner.window.mark_rows import MarkRows
from tickreel.stores.trades import TradeRows

Int64 = npt.NDArray[np.int64]

NO_ROW = -1
_MICROSECOND = 1_000


@dataclass(frozen=True)
class RecordedTimes:
    """Recorded times and trade rows by replay time.

    A recorded time is the start of the clock step that contains the replay time. Displaced rows are the exception and are
    listed: their step has more rows than nanoseconds, so their replay time is past its end.

    Attributes:
        trade_ts: Replay times of the trade rows, UNIX nanoseconds; shape (rows,).
        book_ts: Replay times of the book rows; shape (books,).
        starts: The first replay time of each trade file, non-decreasing; shape (files,).
        steps: The clock step of each trade file, in nanoseconds; shape (files,).
        displaced: The numbers of the displaced trade rows, increasing; shape (displaced,).
        displaced_to: The recorded times of these rows, UNIX nanoseconds; shape (displaced,).
    """

    trade_ts: Int64
    book_ts: Int64
    starts: Int64
    steps: Int64
    displaced: Int64
    displaced_to: Int64

    @classmethod
    def of(cls, rows: MarkRows, files: Sequence[tuple[int, int]], trades: Iterable[TradeRows]) -> Self:
        """Return the recorded times of a window.

        Args:
            rows: The rows of the window.
            files: The first replay time and the clock step of each trade file.
            trades: The trade rows of the window in replay order, with their recorded times.
        """
        starts, steps = np.array(sorted(files), dtype=np.int64).reshape(-1, 2).T
        none = np.empty(0, dtype=np.int64)
        plain = cls(rows.ts, rows.book_ts, starts, steps, none, none)
        numbers, times, first = [none], [none], 0
        for batch in trades:
            recorded = batch.ts_recorded
            assert recorded is not None
            displaced = np.flatnonzero(recorded != plain._step_starts(batch.ts_init))
            numbers.append(displaced + first)
            times.append(recorded[displaced])
            first += len(batch)
        return cls(rows.ts, rows.book_ts, starts, steps, np.concatenate(numbers), np.concatenate(times))

    def trade_rows(self, times: Int64) -> Int64:
        """Return the number of the last trade row at or before each time; NO_ROW before the first row.

        Args:
            times: Replay times, UNIX nanoseconds.
        """
        return np.searchsorted(self.trade_ts, times, side="right") - 1

    def recorded(self, times: Int64) -> Int64:
        """Return the recorded time of each replay time, UNIX nanoseconds.

        A trade row or a book has its own recorded time. Any other instant has the start of its clock step, with the clock step
        of the last trade file that begins before it.

        Args:
            times: Replay times, UNIX nanoseconds.
        """
        recorded = self._step_starts(times)
        row = self.trade_rows(times)
        at_trade = row != NO_ROW
        at_trade[at_trade] = self.trade_ts[row[at_trade]] == times[at_trade]
        at_book = ~at_trade & _are_among(self.book_ts, times)
        recorded[at_book] = times[at_book] // _MICROSECOND * _MICROSECOND
        at_displaced = at_trade & _are_among(self.displaced, row)
        recorded[at_displaced] = self.displaced_to[np.searchsorted(self.displaced, row[at_displaced])]
        return recorded

    def _step_starts(self, times: Int64) -> Int64:
        if not len(self.starts):
            return times // _MICROSECOND * _MICROSECOND
        step = self.steps[np.maximum(np.searchsorted(self.starts, times, side="right") - 1, 0)]
        return times // step * step


def _are_among(values: Int64, sought: Int64) -> npt.NDArray[np.bool_]:
    """Return for each sought number whether it is among the sorted values."""
    at = np.searchsorted(values, sought)
    found = at < len(values)
    found[found] = values[at[found]] == sought[found]
    return found
