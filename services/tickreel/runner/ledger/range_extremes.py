"""The lowest and the highest value in each of many ranges of a column."""

import numpy as np
import numpy.typing as npt

from tickreel.accounting.scaled import Integers

Int64 = npt.NDArray[np.int64]

# Ranges that overlap a lot are reduced by whole blocks of this many values.
_BLOCK = 256
# Ranges of up to this many values per value of the column are reduced one by one.
_DIRECT = 4


def range_lows(values: Integers, first: Int64, past: Int64) -> Integers:
    """Return the lowest value of each range; shape (ranges,).

    Args:
        first, past: The first row of each range, and the row after its last. No range may be empty.
    """
    if int((past - first).sum()) <= _DIRECT * len(values):
        return _reduced(values, first, past)
    blocks = np.minimum.reduceat(values, np.arange(0, len(values), _BLOCK))
    first_block, past_block = -(-first // _BLOCK), past // _BLOCK
    whole = first_block < past_block
    lows = np.empty(len(first), dtype=values.dtype)
    lows[~whole] = _reduced(values, first[~whole], past[~whole])
    lows[whole] = range_lows(blocks, first_block[whole], past_block[whole])
    for start, end in ((first, first_block * _BLOCK), (past_block * _BLOCK, past)):
        rest = whole & (start < end)
        lows[rest] = np.minimum(lows[rest], _reduced(values, start[rest], end[rest]))
    return lows


def range_highs(values: Integers, first: Int64, past: Int64) -> Integers:
    """Return the highest value of each range, see `range_lows`."""
    return -range_lows(-values, first, past)


def _reduced(values: Integers, first: Int64, past: Int64) -> Integers:
    if not len(first):
        return values[:0]
    # Sorted, because the rows between two ranges are reduced as well.
    order = np.argsort(first, kind="stable")
    start, end = int(first[order[0]]), int(past.max())
    # One value more, because the end of a range must be a row.
    part = np.append(values[start:end], values[end - 1 : end])
    bounds = np.stack((first[order], past[order]), axis=1).reshape(-1) - start
    lows = np.empty(len(first), dtype=values.dtype)
    lows[order] = np.minimum.reduceat(part, bounds)[::2]
    return lows
