"""The live equity curve of a run for its watchers, thinned to the number of points that a chart needs."""

import bisect
from collections.abc import Sequence

from tickreel.v1 import report_pb2

_MOST = 2_000
_GROUP = 4

Point = Sequence[float]
"""A point: time (UNIX nanoseconds, a whole number), equity, drawdown, position."""


class EquityCurve:
    """The points so far. Beyond `_MOST` points, only the lowest and the highest of every four are kept."""

    def __init__(self) -> None:
        self._replay = 0
        self._count = 0
        self._points: list[tuple[int, Point]] = []

    def restart(self) -> None:
        """Discard all points, because the replay starts or restarts."""
        self._replay += 1
        self._points = []

    def add(self, points: Sequence[Point]) -> None:
        """Add the next points."""
        for point in points:
            self._points.append((self._count, point))
            self._count += 1
        if len(self._points) > _MOST:
            self._points = [
                kept for at in range(0, len(self._points), _GROUP) for kept in _extremes(self._points[at : at + _GROUP])
            ]

    def watch(self) -> "CurveWatcher":
        """Return a new watcher, which has seen no points yet."""
        return CurveWatcher(self)


class CurveWatcher:
    """The position of one watcher in a curve."""

    def __init__(self, curve: EquityCurve) -> None:
        self._curve = curve
        self._replay = 0
        self._seen = 0

    def take(self) -> tuple[report_pb2.EquityColumns, bool]:
        """Return the points since the last call, and whether the points before them are void."""
        curve = self._curve
        restarted = self._replay not in (0, curve._replay)
        self._replay = curve._replay
        columns = report_pb2.EquityColumns()
        first = bisect.bisect_left(curve._points, self._seen, key=lambda numbered: numbered[0])
        if news := [point for _, point in curve._points[first:]]:
            ts, equity, drawdown, position = zip(*news, strict=True)
            columns = report_pb2.EquityColumns(ts=map(int, ts), equity=equity, drawdown=drawdown, position=position)
        self._seen = curve._count
        return columns, restarted


def _extremes(points: list[tuple[int, Point]]) -> list[tuple[int, Point]]:
    by_equity = sorted(points, key=lambda numbered: numbered[1][1])
    return sorted({by_equity[0][0]: by_equity[0], by_equity[-1][0]: by_equity[-1]}.values())
