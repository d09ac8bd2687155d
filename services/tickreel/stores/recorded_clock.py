"""Conversion of replay times back to recorded times.

The replay clock (`ts_init`) is the recorder's clock made strictly increasing: rows of one recorded time are spread over the
nanoseconds that follow it. So the recorded time of a row is the start of the clock step that holds its replay time. If a step
has more rows than nanoseconds, its last rows run past its end. The catalog keeps a list of these crowded instants.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from tickreel.stores.catalog import CatalogFile
from tickreel.stores.footers import Footer

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class RecordedClock:
    """The recorder's clock of some rows.

    Attributes:
        step: The clock's step in nanoseconds: 1,000 if all recorded times are whole microseconds, else 1.
        instants: The crowded instants, UNIX nanoseconds on the recorder's clock, strictly increasing; shape (instants,).
        lasts: The replay time of the last row of each crowded instant, strictly increasing; shape (instants,).
    """

    step: int
    instants: Int64
    lasts: Int64

    @classmethod
    def of(cls, step: int, crowded: Sequence[tuple[int, int]]) -> Self:
        """Make a clock from its step and its crowded instants, given as in `CatalogFile.crowded`."""
        instants, lasts = np.array(crowded, dtype=np.int64).reshape(-1, 2).T
        return cls(step, instants, lasts)

    @classmethod
    def of_file(cls, file: CatalogFile) -> Self:
        """Make the clock of a catalog file."""
        return cls.of(file.converted.clock_step, file.crowded)

    @classmethod
    def of_metadata(cls, metadata: Mapping[bytes, bytes]) -> Self | None:
        """Make the clock of a catalog file from its Parquet metadata; None if the metadata has no record."""
        texts = {key.decode(errors="replace"): value.decode(errors="replace") for key, value in metadata.items()}
        file = CatalogFile.of_footer(Footer(0, 0, metadata=texts), "")
        return cls.of_file(file) if file is not None else None

    def recorded(self, ts_init: Int64) -> Int64:
        """Return the recorded times of rows, UNIX nanoseconds.

        Args:
            ts_init: Replay times in any order, UNIX nanoseconds. A time between rows gives the start of its clock step.
        """
        recorded = ts_init // self.step * self.step
        if not len(self.instants):
            return recorded
        # The rows of a crowded instant have consecutive replay times, from the instant (or the row before it) to its last row.
        at = np.searchsorted(self.lasts, ts_init, side="left")
        crowded = at < len(self.instants)
        crowded[crowded] = self.instants[at[crowded]] <= ts_init[crowded]
        recorded[crowded] = self.instants[at[crowded]]
        return recorded
