"""How every order ended: its status, what it filled, at what price, and when."""

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
# An order that expired was cancelled by time.
_STATUS_OF_KIND = np.array([{"denied": _DENIED, "rejected": _REJECTED}.get(kind, _CANCELLED) for kind in KINDS])


@dataclass(frozen=True)
class Settlement:
    """The state of every order at the end; every column has shape (orders,)."""

    status: Int64
    """A position in `STATUSES`."""
    filled: Integers
    """The filled quantity, of the size precision."""
    value: Integers
    """Price x quantity over the fills, of the price plus the size precision."""
    fees: Integers
    """Of the currency's precision."""
    ts_closed: Int64
    """When the order ended, UNIX nanoseconds; 0 where it had not."""
    reason: npt.NDArray[np.object_]
    """Why an order that did not fill whole ended; "" where it filled."""

    def count(self, status: str) -> int:
        """How many orders ended so."""
        return int(np.count_nonzero(self.status == STATUSES.index(status)))

    @property
    def unfilled(self) -> dict[str, int]:
        """Orders without any fill, by reason."""
        return Counter(self.reason[self.filled == 0].tolist())


def settle(orders: Orders, fills: Fills, fees: Integers, ends: Ends, arrives_by: int) -> Settlement:
    """Brings fills and ends home to their orders.

    An order without an end is in flight while the venue cannot have heard of it, and open otherwise.

    Args:
        fees: The fee of each fill, of the currency's precision.
        arrives_by: The last time of submission, UNIX nanoseconds, at which an order reached the venue within the window.
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
    whole = filled == orders.quantity
    status[whole] = _FILLED
    reason[whole] = ""
    ts_closed[status == _IN_FLIGHT] = 0
    status[(filled > 0) & ~whole & ((status == _CANCELLED) | (status == _IN_FLIGHT))] = _PARTIAL
    return Settlement(status, filled, value, paid, ts_closed, reason)
