"""The order of trades on the exchange's clock, on which the engine's L1 book depends.

The replay follows the recorder's clock. The engine does not update its L1 book from a late print: one with an earlier exchange
time than a row before it (seen with 2.0.0rc7, book type L1_MBP; books of snapshots apply every row). So the order of a late
print is matched at the price of the print before it, and a slice must not start between the two.
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
    """The late prints of a window and the rows at which it may be cut.

    Attributes:
        late: The number of trades with an earlier exchange time than a trade before them.
        cuts: Whether a slice may start at each row; shape (rows,). It may not if a trade from this row on has an earlier
            exchange time than a trade before this row.
    """

    late: int
    cuts: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, ts_event: Int64) -> Self:
        """Return the print order of trades.

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
        """Yield the finding on late prints, if there are any."""
        if self.late:
            counted = (
                f"{self.late:,} of {len(self.cuts):,} trades have an earlier exchange time than a trade recorded before them"
            )
            message = (
                f"{counted}; the engine ignores their prints, so their orders were matched at the price of an earlier print"
            )
            yield result_pb2.Finding(severity=result_pb2.SEVERITY_WARNING, code="PRINTS_OUT_OF_ORDER", message=message)
