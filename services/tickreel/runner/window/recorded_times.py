"""Where the instants of a run lie on the recorder's clock, and among its trade rows."""

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
    """Recorded times and trade rows of the instants of a run.

    A recorded time is the start of the clock step of its replay time. Only displaced rows are kept besides: those that ran past
    their step, because it has more rows than nanoseconds.

    Attributes:
        trade_ts: Replay times of the trade rows, UNIX nanoseconds; shape (rows,).
        book_ts: Replay times of the book rows; shape (books,).
        starts: The first replay time of each trade file, not decreasing; shape (files,).
        steps: The clock step of each, in nanoseconds; shape (files,).
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
        """The recorded times of a window.

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
        """The number of the last trade row at or before each time, NO_ROW where there is none.

        Args:
            times: Replay times, UNIX nanoseconds.
        """
        return np.searchsorted(self.trade_ts, times, side="right") - 1

    def recorded(self, times: Int64) -> Int64:
        """The recorded times of instants, UNIX nanoseconds: of a trade row or a book its own, else the start of the clock step.

        The clock of an instant between rows is that of the last trade file that begins before it.

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
    """Which of some numbers are among sorted values."""
    at = np.searchsorted(values, sought)
    found = at < len(values)
    found[found] = values[at[found]] == sought[found]
    return found
