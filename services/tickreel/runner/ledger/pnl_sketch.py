"""The profit of a run as a curve of few points, to be looked at in a list: no figure is taken from it."""

import numpy as np
import numpy.typing as npt

from tickreel.accounting.scaled import Integers

PARTS = 24
"""How many equal parts of its time a window is drawn in."""


class PnlSketch:
    """The lowest and the highest profit of each part of a window, of rows that come in portions of any length.

    Args:
        start: The equity before the first row.
        span: The times of the first and the last row of the window, UNIX nanoseconds.
    """

    def __init__(self, start: int, span: tuple[int, int]) -> None:
        self._start = start
        first, last = span
        self._edges = np.array([first + (last - first + 1) * part // PARTS for part in range(1, PARTS)], dtype=np.int64)
        self._lowest: list[tuple[int, int] | None] = [None] * PARTS
        self._highest: list[tuple[int, int] | None] = [None] * PARTS
        self._rows = 0

    def add(self, ts: npt.NDArray[np.int64], equity: Integers) -> None:
        """Takes rows that follow, in order of time."""
        cuts = [0, *np.searchsorted(ts, self._edges, "left").tolist(), len(ts)]
        for part in range(PARTS):
            if (first := cuts[part]) == (past := cuts[part + 1]):
                continue
            stretch = equity[first:past]
            low, high = int(np.argmin(stretch)), int(np.argmax(stretch))
            lowest, highest = self._lowest[part], self._highest[part]
            if lowest is None or stretch[low] < lowest[0]:
                self._lowest[part] = int(stretch[low]), self._rows + first + low
            if highest is None or stretch[high] > highest[0]:
                self._highest[part] = int(stretch[high]), self._rows + first + high
        self._rows += len(ts)

    def points(self, scale: int) -> list[float]:
        """Two points a part, in the order in which they were; a part without a row goes on as it was before.

        Args:
            scale: Of the equity.
        """
        if not self._rows:
            return []
        found: list[float] = []
        for extremes in zip(self._lowest, self._highest, strict=True):
            by_row = sorted((extreme for extreme in extremes if extreme is not None), key=lambda extreme: extreme[1])
            values = [float(f"{(equity - self._start) / 10**scale:.6g}") for equity, _ in by_row]
            found += values or [found[-1] if found else 0.0] * 2
        return found
