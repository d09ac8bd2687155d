"""The order of trades on the exchange's clock, which the engine's book of one level depends on.

The replay follows the recorder's clock. The engine ignores a print for its book if an earlier row has a later exchange time
(seen with 2.0.0rc7, book type L1_MBP; books of snapshots take every row). So the order of such a late print meets the price of
the print before, and a slice must not begin between the two.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from tickreel.v1 import result_pb2

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class PrintOrder:
    """How the trades of a window follow each other on the exchange's clock.

    Attributes:
        late: How many trades have an earlier exchange time than a trade before them.
        cuts: Whether no trade from a row on has an earlier exchange time than a trade before the row; shape (rows,).
    """

    late: int
    cuts: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, ts_event: Int64) -> Self:
        """The order of trades.

        Args:
            ts_event: Exchange times in replay order, UNIX nanoseconds.
        """
        latest = np.maximum.accumulate(ts_event)
        late = int(np.count_nonzero(ts_event < latest))
        cuts = np.ones(len(ts_event), dtype=np.bool_)
        if late:
            earliest = np.minimum.accumulate(ts_event[::-1])[::-1]
            cuts[1:] = latest[:-1] <= earliest[1:]
        return cls(late, cuts)

    def findings(self) -> Iterator[result_pb2.Finding]:
        """What a reader should know of late prints."""
        if self.late:
            counted = (
                f"{self.late:,} of {len(self.cuts):,} trades have an earlier exchange time than a trade recorded before them"
            )
            message = (
                f"{counted}; the engine ignores their prints, so their orders were matched at the price of an earlier print"
            )
            yield result_pb2.Finding(severity=result_pb2.SEVERITY_WARNING, code="PRINTS_OUT_OF_ORDER", message=message)
