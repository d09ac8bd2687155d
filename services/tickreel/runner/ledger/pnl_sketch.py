"""The profit of a run as a small curve for lists. No figure is computed from it."""

import numpy as np
import numpy.typing as npt

from tickreel.accounting.scaled import Integers

PARTS = 24
"""Number of equal parts into which the time of a window is divided."""


class PnlSketch:
    """Finds the lowest and the highest profit in each part of a window. Rows may be added in batches of any length.

    Args:
        start: Equity before the first row.
        span: Times of the first and the last row of the window, UNIX nanoseconds.
    """

    def __init__(self, start: int, span: tuple[int, int]) -> None:
        self._start = start
        first, last = span
        self._edges = np.array([first + (last - first + 1) * part // PARTS for part in range(1, PARTS)], dtype=np.int64)
        self._lowest: list[tuple[int, int] | None] = [None] * PARTS
        self._highest: list[tuple[int, int] | None] = [None] * PARTS
        self._rows = 0

    def add(self, ts: npt.NDArray[np.int64], equity: Integers) -> None:
        """Add the next rows, in order of time."""
        cuts = [0, *np.searchsorted(ts, self._edges, "left").tolist(), len(ts)]
        for part in range(PARTS):
            if (first := cuts[part]) == (past := cuts[part + 1]):
                continue
            in_part = equity[first:past]
            low, high = int(np.argmin(in_part)), int(np.argmax(in_part))
            lowest, highest = self._lowest[part], self._highest[part]
            if lowest is None or in_part[low] < lowest[0]:
                self._lowest[part] = int(in_part[low]), self._rows + first + low
            if highest is None or in_part[high] > highest[0]:
                self._highest[part] = int(in_part[high]), self._rows + first + high
        self._rows += len(ts)

    def points(self, scale: int) -> list[float]:
        """Return two points per part, in the order of their rows.

        A part without rows repeats the point before it, or is 0 if there is none. Without any rows the list is empty.

        Args:
            scale: Decimals of the equity.
        """
        if not self._rows:
            return []
        found: list[float] = []
        for extremes in zip(self._lowest, self._highest, strict=True):
            by_row = sorted((extreme for extreme in extremes if extreme is not None), key=lambda extreme: extreme[1])
            values = [float(f"{(equity - self._start) / 10**scale:.6g}") for equity, _ in by_row]
            found += values or [found[-1] if found else 0.0] * 2
        return found
