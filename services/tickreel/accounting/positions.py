"""Statistics of a position: how long and how large it was, and its round trips."""

import numpy as np
import numpy.typing as npt

from tickreel.accounting import scaled
from tickreel.accounting.account import Account

Int64 = npt.NDArray[np.int64]


class Positions:
    """Collects statistics of a position from the parts of an account, which may have any length.

    A round trip begins when a position is opened and ends when it is flat or reversed. Times and durations are in nanoseconds,
    sizes at the size precision.

    Args:
        span: The first and the last instant that counts.
        position: The position at the first instant.

    Attributes:
        held: The time with an open position.
        size_time: The sum of size x time.
        largest_long, largest_short: The largest long and short position, unsigned.
        round_trips: The number of ended round trips.
        winning_round_trips: The number of round trips that ended with a profit after fees.
        trip_time: The total duration of all round trips.
        longest_trip: The duration of the longest round trip.
    """

    def __init__(self, span: tuple[int, int], position: int) -> None:
        self._since, self._end = span
        self._position = position
        # The start of the open round trip and the profit before it, each as a list of at most one value.
        self._begun, self._earned = [span[0]] if position else [], [0] if position else []
        self.held = self.size_time = 0
        self.largest_long, self.largest_short = max(position, 0), max(-position, 0)
        self.round_trips = self.winning_round_trips = self.trip_time = self.longest_trip = 0

    def add(self, account: Account) -> None:
        """Add the account over the next fills."""
        position = account.position
        ts = np.minimum(account.ts, self._end)
        self._hold(position[:-1], np.diff(ts, prepend=self._since))
        if not len(ts):
            return
        self._since, self._position = int(ts[-1]), int(position[-1])
        self.largest_long = max(self.largest_long, int(position.max()))
        self.largest_short = max(self.largest_short, -int(position.min()))
        side = (position > 0).astype(np.int8) - (position < 0)
        turned = side[1:] != side[:-1]
        begun, ended = turned & (side[1:] != 0), turned & (side[:-1] != 0)
        # The profit of a fill that reverses the position belongs to the round trip that it ends.
        earned = account.closed_pnl[1:]
        starts = np.concatenate((np.array(self._begun, dtype=np.int64), ts[begun]))
        before = np.concatenate((np.array(self._earned, dtype=earned.dtype), earned[begun]))
        count = int(np.count_nonzero(ended))
        self._begun, self._earned = starts[count:].tolist(), before[count:].tolist()
        if count:
            took = ts[ended] - starts[:count]
            self.round_trips += count
            self.winning_round_trips += int(np.count_nonzero(earned[ended] > before[:count]))
            self.trip_time += int(took.sum())
            self.longest_trip = max(self.longest_trip, int(took.max()))

    def close(self) -> None:
        """Count the last position up to the end of the span."""
        self._hold(np.array([self._position]), np.array([self._end - self._since]))

    def _hold(self, position: scaled.Integers, spans: Int64) -> None:
        size = np.abs(position)
        self.held += int(spans[size != 0].sum())
        size, spans = scaled.wide((size, spans), scaled.largest(size) * max(int(spans.sum()), 1))
        self.size_time += int((size * spans).sum())
