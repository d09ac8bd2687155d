"""The equity of a run that lives, for those who watch it: a curve that is never longer than a chart needs."""

import bisect
from collections.abc import Sequence

from tickreel.v1 import report_pb2

_MOST = 2_000
_GROUP = 4

Point = Sequence[float]
"""Time (UNIX nanoseconds, a whole number), equity, drawdown, position."""


class EquityCurve:
    """The points so far. Where they become too many, of every four the lowest and the highest stay."""

    def __init__(self) -> None:
        self._replay = 0
        self._count = 0
        self._points: list[tuple[int, Point]] = []

    def restart(self) -> None:
        """The replay begins, perhaps anew: what was there is void."""
        self._replay += 1
        self._points = []

    def add(self, points: Sequence[Point]) -> None:
        """Takes points that follow."""
        for point in points:
            self._points.append((self._count, point))
            self._count += 1
        if len(self._points) > _MOST:
            self._points = [
                kept for at in range(0, len(self._points), _GROUP) for kept in _extremes(self._points[at : at + _GROUP])
            ]

    def watch(self) -> "CurveWatcher":
        """Someone who has seen nothing of it yet."""
        return CurveWatcher(self)


class CurveWatcher:
    """What one of those who watch has seen of a curve."""

    def __init__(self, curve: EquityCurve) -> None:
        self._curve = curve
        self._replay = 0
        self._seen = 0

    def take(self) -> tuple[report_pb2.EquityColumns, bool]:
        """The points that are new, and whether those of before are void."""
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
