"""The settlement of orders: the final status of each order, its filled quantity, value and fees, and the time it closed."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tickreel.accounting import scaled
from tickreel.accounting.scaled import Integers
from tickreel.engine.tape import KINDS, Ends, Fills
from tickreel.runner.ledger.order_terms import EMULATED, IN_FLIGHT, OPEN, OrderTerms
from tickreel.v1 import order_pb2

Int64 = npt.NDArray[np.int64]

STATUSES = ("in_flight", "filled", "partially_filled", "cancelled", "denied", "rejected")
_IN_FLIGHT, _FILLED, _PARTIAL, _CANCELLED, _DENIED, _REJECTED = range(len(STATUSES))
# An expired order counts as cancelled.
_STATUS_OF_KIND = np.array([{"denied": _DENIED, "rejected": _REJECTED}.get(kind, _CANCELLED) for kind in KINDS])
_STATE_OF_KIND = np.array([order_pb2.OrderStatus.Value(f"ORDER_STATUS_{kind.upper()}") for kind in KINDS])
# The states and reasons of orders that have not ended, by `OrderTerms.reached`.
_NOT_ENDED = {
    IN_FLIGHT: (order_pb2.ORDER_STATUS_IN_FLIGHT, "IN_FLIGHT"),
    EMULATED: (order_pb2.ORDER_STATUS_EMULATED, "EMULATED_AT_END"),
    OPEN: (order_pb2.ORDER_STATUS_OPEN, "OPEN_AT_END"),
}
_STATES, _REASONS = (np.array(column) for column in zip(*(_NOT_ENDED[code] for code in range(len(_NOT_ENDED))), strict=True))


@dataclass(frozen=True)
class Settlement:
    """The final state of every order; every column has shape (orders,)."""

    status: Int64
    """Index into `STATUSES`."""
    state: Int64
    """Value of `OrderStatus`."""
    filled: Integers
    """Filled quantity, in units of the size precision."""
    value: Integers
    """Sum of price x quantity over the fills, at the price precision plus the size precision."""
    fees: Integers
    """In units of the currency's precision."""
    ts_closed: Int64
    """Time the order closed, UNIX nanoseconds; 0 if it is still active."""
    reason: npt.NDArray[np.object_]
    """Reason why the order did not fill completely, without what differs from order to order; "" if it did."""
    stated_reason: npt.NDArray[np.object_]
    """The same in the words of the engine, where it gave a reason."""

    def count(self, status: str) -> int:
        """Return the number of orders with a status."""
        return int(np.count_nonzero(self.status == STATUSES.index(status)))

    def unfilled(self, status: str) -> Counter[str]:
        """Return the number of orders with a status and without any fill, by reason."""
        return Counter(self.reason[(self.filled == 0) & (self.status == STATUSES.index(status))].tolist())


def settle(terms: OrderTerms, fills: Fills, fees: Integers, ends: Ends) -> Settlement:
    """Assign fills and ends to their orders and return the final state of each order.

    Args:
        fees: Fee of each fill, in units of the currency's precision.
    """
    count = len(terms.quantity)
    filled = scaled.sums_at(fills.quantity, fills.order, count)
    prices, quantities = scaled.wide((fills.price, fills.quantity), scaled.largest(fills.price) * scaled.total(fills.quantity))
    value = scaled.sums_at(prices * quantities, fills.order, count)
    paid = scaled.sums_at(fees, fills.order, count)
    ts_closed = np.zeros(count, dtype=np.int64)
    np.maximum.at(ts_closed, fills.order, fills.ts)
    status = np.full(count, _IN_FLIGHT)
    status[ends.order] = _STATUS_OF_KIND[ends.kind]
    ts_closed[ends.order] = ends.ts
    state, reason = _STATES[terms.reached], _REASONS[terms.reached].astype(object)
    state[filled > 0] = order_pb2.ORDER_STATUS_PARTIALLY_FILLED
    state[ends.order] = _STATE_OF_KIND[ends.kind]
    if len(ends.order):
        reason[ends.order] = np.array(ends.reasons, dtype=object)[ends.reason]
    complete = filled == terms.quantity
    status[complete], state[complete] = _FILLED, order_pb2.ORDER_STATUS_FILLED
    reason[complete] = ""
    ts_closed[status == _IN_FLIGHT] = 0
    status[(filled > 0) & ~complete & ((status == _CANCELLED) | (status == _IN_FLIGHT))] = _PARTIAL
    stated = reason if terms.reason is None else np.where((reason == "") | (terms.reason == ""), reason, terms.reason)
    return Settlement(status, state, filled, value, paid, ts_closed, reason, stated)
