"""Book rows of converted files, as columns of integers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tickreel.stores.rows import Slice, integers, nanoseconds, read_slices

Int64 = npt.NDArray[np.int64]

NO_LEVEL = -1
"""Stands for the price of a side without levels."""


@dataclass(frozen=True)
class DepthRows:
    """Some book rows in replay order, as the engine's catalog has them."""

    batch: pa.RecordBatch

    def __len__(self) -> int:
        return self.batch.num_rows

    @property
    def ts_init(self) -> Int64:
        """Times on the replay clock, UNIX nanoseconds, strictly increasing within a file."""
        return nanoseconds(self.batch.column("ts_init"))

    def best(self, side: str, precision: int) -> Int64:
        """The prices of the best levels of a side, "bids" or "asks", times 10^precision; NO_LEVEL where it is empty."""
        levels = self.batch.column(side)
        lengths = np.diff(levels.offsets.to_numpy())
        best = np.full(len(levels), NO_LEVEL, dtype=np.int64)
        first = levels.offsets.to_numpy()[:-1][lengths > 0]
        best[lengths > 0] = integers(levels.values.field("price").take(pa.array(first)), precision)
        return best


def read_depths(slices: Sequence[Slice], columns: Sequence[str] | None = None) -> Iterator[DepthRows]:
    """Reads book rows in replay order, a batch at a time (see `read_slices`).

    Raises:
        OSError: A file is gone or cannot be read.
    """
    return (DepthRows(batch) for batch in read_slices(slices, columns))
