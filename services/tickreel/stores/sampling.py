"""What a chart keeps of many rows: of each of equal parts of the time the first, the last, and the extremes.

A line that is drawn through these rows looks as one through all of them would at that width, and no extreme is lost (the M4
aggregation of Jugel et al., "M4: A Visualization-Oriented Time Series Data Aggregation", VLDB 2014).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Int64 = npt.NDArray[np.int64]


def window_rows(clock: Int64, start: int, end: int) -> slice:
    """The rows of a window, both ends inclusive, of a clock that never goes back."""
    return slice(int(np.searchsorted(clock, start, "left")), int(np.searchsorted(clock, end, "right")))


def time_parts(clock: Int64, parts: int) -> Int64:
    """Where the rows are cut that equal parts of their time hold, shape (cuts,): of each part that has any, the first row.

    Args:
        clock: Times that never go back, UNIX nanoseconds, shape (rows,).
        parts: How many parts the time between the first and the last row has.
    """
    if not len(clock):
        return np.empty(0, dtype=np.int64)
    first, step, rest = int(clock[0]), *divmod(int(clock[-1]) - int(clock[0]) + 1, parts)
    number = np.arange(parts, dtype=np.int64)
    # Whole numbers, and none greater than the time itself.
    edges = first + number * step + number * rest // parts
    cuts = np.searchsorted(clock, edges, "left")
    return cuts[np.diff(cuts, append=len(clock)) > 0]


def kept_rows(
    clock: Int64, most: int, *, lowest: Sequence[npt.NDArray[Any]] = (), highest: Sequence[npt.NDArray[Any]] = ()
) -> Int64:
    """The rows that a chart of so many points keeps, in order: all where there are no more.

    Args:
        most: About how many rows to keep; at least one part is looked at, whatever it says.
        lowest: Columns of which the lowest value of each part is kept.
        highest: Columns of which the highest value of each part is kept.
    """
    rows = len(clock)
    if rows <= most:
        return np.arange(rows)
    cuts = time_parts(clock, max(1, most // (2 + len(lowest) + len(highest))))
    ends = np.append(cuts[1:], rows)
    finds = [*((column, np.argmin) for column in lowest), *((column, np.argmax) for column in highest)]
    # Part by part, so that a part is still in the cache of the processor when it is looked through again.
    extremes = [
        first + int(find(column[first:past]))
        for first, past in zip(cuts.tolist(), ends.tolist(), strict=True)
        for column, find in finds
    ]
    return np.unique(np.concatenate([cuts, ends - 1, np.array(extremes, dtype=np.int64)]))
