"""What a replay leaves behind: every order, fill and end of an order, as columns of integers.

A row is a few machine integers in a flat array and not a Python object, or a million orders would cost half a gigabyte.
"""

from array import array
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Orders:
    """The submitted orders, in order of submission; every column has shape (orders,)."""

    ts_submitted: Int64
    """UNIX nanoseconds on the replay clock."""
    side: Int64
    """1 buys, -1 sells."""
    price: Int64
    """The limit, times 10^price_precision; 0 for a market order."""
    quantity: Int64
    """Times 10^size_precision."""


@dataclass(frozen=True)
class Fills:
    """The fill events, in the order they happened; every column has shape (fills,)."""

    order: Int64
    """The row in `Orders`."""
    ts: Int64
    """UNIX nanoseconds on the replay clock."""
    price: Int64
    """Times 10^price_precision."""
    quantity: Int64
    """Times 10^size_precision."""
    taker: Int64
    """1 took liquidity, 0 made it."""
    commission: Int64
    """The fee as the engine has it, times 10^money_precision: a check on ours."""


@dataclass(frozen=True)
class Ends:
    """The ends of orders other than a last fill; every column has shape (ends,)."""

    order: Int64
    """The row in `Orders`."""
    ts: Int64
    """UNIX nanoseconds on the replay clock."""
    kind: Int64
    """A value of `KINDS`, by position."""
    reason: Int64
    """The position of the reason in `reasons`."""
    reasons: tuple[str, ...]


KINDS = ("cancelled", "denied", "rejected", "expired")


class Tape:
    """Records a replay. Arrays grow in the replay's thread; `rows` and `ts` may be read from another at any time."""

    def __init__(self) -> None:
        self.rows = 0
        """Trade rows that the strategy has seen."""
        self.book_rows = 0
        """Book rows that it has seen."""
        self.ts = 0
        """The time of the last row, UNIX nanoseconds."""
        self.error = ""
        """The traceback of the first error in a callback; the engine swallows them."""
        self._orders = array("q")
        self._fills = array("q")
        self._ends = array("q")
        self._index: dict[str, int] = {}
        self._reasons: dict[str, int] = {}

    @property
    def order_count(self) -> int:
        """Orders submitted so far."""
        return len(self._orders) // 4

    @property
    def fill_count(self) -> int:
        """Fills so far."""
        return len(self._fills) // 6

    def order(self, client_order_id: str, ts: int, side: int, price: int, quantity: int) -> None:
        """Records that an order was submitted."""
        self._index[client_order_id] = self.order_count
        self._orders.extend((ts, side, price, quantity))

    def fill(self, client_order_id: str, ts: int, price: int, quantity: int, taker: int, commission: int) -> None:
        """Records a fill."""
        self._fills.extend((self._index[client_order_id], ts, price, quantity, taker, commission))

    def end(self, client_order_id: str, ts: int, kind: str, reason: str) -> None:
        """Records that an order ended otherwise than filled."""
        code = self._reasons.setdefault(reason, len(self._reasons))
        self._ends.extend((self._index[client_order_id], ts, KINDS.index(kind), code))

    def forget(self, client_order_ids: list[str]) -> None:
        """Drops the names of orders that can have no more events."""
        for client_order_id in client_order_ids:
            self._index.pop(client_order_id, None)

    @property
    def orders(self) -> Orders:
        """The orders as columns."""
        return Orders(*_columns(self._orders, 4))

    @property
    def fills(self) -> Fills:
        """The fills as columns."""
        return Fills(*_columns(self._fills, 6))

    @property
    def ends(self) -> Ends:
        """The ends as columns."""
        return Ends(*_columns(self._ends, 4), reasons=tuple(self._reasons))


def _columns(rows: array, width: int) -> list[Int64]:
    table = np.array(rows, dtype=np.int64).reshape(-1, width)
    return [np.ascontiguousarray(column) for column in table.T]
