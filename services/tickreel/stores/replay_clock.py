"""The replay clock: recorded times made strictly increasing, so that rows of equal time keep their order.

The reader of engine version 2.0.0rc6 interleaved rows of equal time at the end of its batches, and fills depend on the order.
Most recordings have times in µs, so the digits below a µs are free to carry the order. Trades fill their µs from its beginning,
book snapshots from its end. So at equal recorded times the trades come first, and meet the book as it was before them.

All times are int64 nanoseconds since 1970.
"""

import numpy as np
import numpy.typing as npt

Int64 = npt.NDArray[np.int64]

MICROSECOND = 1_000


def trade_times(recorded: Int64) -> Int64:
    """Return the `ts_init` of trades: the least strictly increasing times that are not before the recorded times.

    Args:
        recorded: Recorded times, not decreasing.
    """
    row = np.arange(len(recorded), dtype=np.int64)
    times = recorded - row
    np.maximum.accumulate(times, out=times)
    times += row
    return times


def book_times(recorded: Int64) -> Int64:
    """Return the `ts_init` of book snapshots: the greatest strictly increasing times that are not after the recorded µs.

    Args:
        recorded: Recorded times, not decreasing.
    """
    row = np.arange(len(recorded), dtype=np.int64)
    times = recorded // MICROSECOND * MICROSECOND
    times += MICROSECOND - 1 - row
    backwards = times[::-1]
    np.minimum.accumulate(backwards, out=backwards)
    times += row
    return times


def clock_step(recorded: Int64) -> int:
    """Return the step of a recording's clock in nanoseconds: a µs if all times are whole µs, else a nanosecond."""
    return 1 if (recorded % MICROSECOND).any() else MICROSECOND


def crowded_instants(recorded: Int64, ts_init: Int64, step: int) -> list[tuple[int, int]]:
    """Return the crowded instants: those with rows that run past their clock step, each as (recorded, last ts_init).

    A µs has room for a thousand rows, a nanosecond for one. A window that ends at a crowded instant must end at the instant's
    last row instead.
    """
    displaced = recorded[ts_init - recorded >= step]
    if not displaced.size:
        return []
    instants = np.unique(displaced)
    last = ts_init[np.searchsorted(recorded, instants, side="right") - 1]
    return list(zip(instants.tolist(), last.tolist(), strict=True))


def overfull(recorded: Int64, ts_init: Int64) -> npt.NDArray[np.bool_]:
    """Return a mask of the book snapshots in a µs that has more of them than nanoseconds."""
    recorded_us = recorded // MICROSECOND
    displaced = np.unique(recorded_us[ts_init // MICROSECOND != recorded_us])
    if not displaced.size:
        return np.zeros(len(recorded), dtype=np.bool_)
    instants, counts = np.unique(recorded_us, return_counts=True)
    return np.isin(recorded_us, instants[counts > MICROSECOND])
