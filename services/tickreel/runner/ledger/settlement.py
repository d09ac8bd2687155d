"""The settlement of orders: the final status of each order, its filled quantity, value and fees, and the time it closed."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tickreel.accounting import scaled
from tickreel.accounting.scaled import Integers
from tickreel.engine.tape import KINDS, Ends, Fills, Orders

Int64 = npt.NDArray[np.int64]

STATUSES = ("in_flight", "filled", "partially_filled", "cancelled", "denied", "rejected")
_IN_FLIGHT, _FILLED, _PARTIAL, _CANCELLED, _DENIED, _REJECTED = range(len(STATUSES))
# An expired order counts as cancelled.
_STATUS_OF_KIND = np.array([{"denied": _DENIED, "rejected": _REJECTED}.get(kind, _CANCELLED) for kind in KINDS])


@dataclass(frozen=True)
class Settlement:
    """The final state of every order; every column has shape (orders,)."""

    status: Int64
    """Index into `STATUSES`."""
    filled: Integers
    """Filled quantity, in units of the size precision."""
    value: Integers
    """Sum of price x quantity over the fills, at the price precision plus the size precision."""
    fees: Integers
    """In units of the currency's precision."""
    ts_closed: Int64
    """Time the order closed, UNIX nanoseconds; 0 if it is still active."""
    reason: npt.NDArray[np.object_]
    """Reason why the order did not fill completely; "" if it did."""

    def count(self, status: str) -> int:
        """Return the number of orders with a status."""
        return int(np.count_nonzero(self.status == STATUSES.index(status)))

    @property
    def unfilled(self) -> dict[str, int]:
        """Number of orders without any fill, by reason."""
        return Counter(self.reason[self.filled == 0].tolist())


def settle(orders: Orders, fills: Fills, fees: Integers, ends: Ends, arrives_by: int) -> Settlement:
    """Assign fills and ends to their orders and return the final state of each order.

    An order without an end is in flight if it cannot have reached the venue, and open otherwise.

    Args:
        fees: Fee of each fill, in units of the currency's precision.
        arrives_by: The latest submission time, UNIX nanoseconds, at which an order reaches the venue within the window.
    """
    count = len(orders.ts_submitted)
    filled = scaled.sums_at(fills.quantity, fills.order, count)
    prices, quantities = scaled.wide((fills.price, fills.quantity), scaled.largest(fills.price) * scaled.total(fills.quantity))
    value = scaled.sums_at(prices * quantities, fills.order, count)
    paid = scaled.sums_at(fees, fills.order, count)
    ts_closed = np.zeros(count, dtype=np.int64)
    np.maximum.at(ts_closed, fills.order, fills.ts)
    status = np.full(count, _IN_FLIGHT)
    status[ends.order] = _STATUS_OF_KIND[ends.kind]
    ts_closed[ends.order] = ends.ts
    reason = np.where(orders.ts_submitted > arrives_by, "IN_FLIGHT", "OPEN_AT_END").astype(object)
    if len(ends.order):
        reason[ends.order] = np.array(ends.reasons, dtype=object)[ends.reason]
    complete = filled == orders.quantity
    status[complete] = _FILLED
    reason[complete] = ""
    ts_closed[status == _IN_FLIGHT] = 0
    status[(filled > 0) & ~complete & ((status == _CANCELLED) | (status == _IN_FLIGHT))] = _PARTIAL
    return Settlement(status, filled, value, paid, ts_closed, reason)
