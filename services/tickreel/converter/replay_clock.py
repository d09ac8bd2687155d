"""The replay clock: recorded times made strictly increasing, so that equal times keep their order.

The engine's reader interleaves rows of equal time wherever a tie meets the end of one of its batches, and with the
order the fills change. Recordings are in µs, so the digits below are free to carry the order.
"""

import numpy as np
import numpy.typing as npt

Int64 = npt.NDArray[np.int64]


def replay_times(recorded: Int64) -> Int64:
    """The `ts_init` of rows: the least times that are strictly increasing and not before the recorded.

    Args:
        recorded: µs since 1970, not decreasing.

    Returns:
        Nanoseconds since 1970.
    """
    row = np.arange(len(recorded), dtype=np.int64)
    times = recorded * 1000
    times -= row
    np.maximum.accumulate(times, out=times)
    times += row
    return times


def crowded_instants(recorded: Int64, ts_init: Int64) -> list[tuple[int, int]]:
    """The instants with a row that ran past its µs, each as (recorded, last ts_init), in nanoseconds.

    A µs has room for a thousand rows; a window that ends at such an instant must end at its last row instead. There are
    at most a thousandth as many of them as rows.
    """
    displaced = recorded[ts_init // 1000 != recorded]
    if not displaced.size:
        return []
    instants = np.unique(displaced)
    last = ts_init[np.searchsorted(recorded, instants, side="right") - 1]
    return [(int(instant) * 1000, int(end)) for instant, end in zip(instants, last, strict=True)]
