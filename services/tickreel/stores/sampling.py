"""Downsampling of rows for charts: the first, the last and the extreme rows of equal parts of the time (M4 aggregation).

A line through these rows looks like a line through all rows at the same width, and no extreme is lost. The method is described
in Jugel et al., "M4: A Visualization-Oriented Time Series Data Aggregation", VLDB 2014.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Int64 = npt.NDArray[np.int64]


def window_rows(clock: Int64, start: int, end: int) -> slice:
    """Return the rows of a window with inclusive ends, on a clock that does not decrease."""
    return slice(int(np.searchsorted(clock, start, "left")), int(np.searchsorted(clock, end, "right")))


def time_parts(clock: Int64, parts: int) -> Int64:
    """Divide the time of some rows into equal parts, and return the first row of each part that has rows; shape (cuts,).

    Args:
        clock: Times that do not decrease, UNIX nanoseconds, shape (rows,).
        parts: Number of parts between the first and the last row.
    """
    if not len(clock):
        return np.empty(0, dtype=np.int64)
    first, step, rest = int(clock[0]), *divmod(int(clock[-1]) - int(clock[0]) + 1, parts)
    number = np.arange(parts, dtype=np.int64)
    # In integers, without overflow: no intermediate value exceeds the time itself.
    edges = first + number * step + number * rest // parts
    cuts = np.searchsorted(clock, edges, "left")
    return cuts[np.diff(cuts, append=len(clock)) > 0]


def downsampled_rows(
    clock: Int64, most: int, *, lowest: Sequence[npt.NDArray[Any]] = (), highest: Sequence[npt.NDArray[Any]] = ()
) -> Int64:
    """Return the rows of a chart of about `most` points, in order; all rows if there are at most that many.

    Args:
        most: The approximate number of rows to keep. Rows of at least one part are always kept.
        lowest: Columns of which to keep the lowest value of each part.
        highest: Columns of which to keep the highest value of each part.
    """
    rows = len(clock)
    if rows <= most:
        return np.arange(rows)
    cuts = time_parts(clock, max(1, most // (2 + len(lowest) + len(highest))))
    ends = np.append(cuts[1:], rows)
    finds = [*((column, np.argmin) for column in lowest), *((column, np.argmax) for column in highest)]
    # Part by part, so that a part stays in the processor's cache while all columns are searched.
    extremes = [
        first + int(find(column[first:past]))
        for first, past in zip(cuts.tolist(), ends.tolist(), strict=True)
        for column, find in finds
    ]
    return np.unique(np.concatenate([cuts, ends - 1, np.array(extremes, dtype=np.int64)]))
