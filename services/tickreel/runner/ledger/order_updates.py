"""The updates of orders: all their recorded events except creations and fills."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tickreel.accounting.scaled import Integers
from tickreel.engine.event_record import EventRecord
from tickreel.runner.ledger.order_terms import exact_texts

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class OrderUpdates:
    """Updates in order of events; every column has shape (updates,). MISSING marks a value that an event does not state."""

    order: Int64
    """Row of the order."""
    ts: Int64
    """UNIX nanoseconds on the replay clock."""
    kind: Int64
    """Position in `CHANGES`."""
    type: Int64
    """Position in `ORDER_TYPES`."""
    price: Integers
    trigger_price: Integers
    quantity: Integers
    reason: npt.NDArray[np.object_]
    """In the words of the engine; "" without a reason."""
    sequence: Int64
    """Number of the event among all events of orders."""
    exact: Mapping[str, Mapping[int, str]]
    """See `OrderTerms.exact`."""


_NONE = np.empty(0, dtype=np.int64)
NO_UPDATES = OrderUpdates(
    order=_NONE,
    ts=_NONE,
    kind=_NONE,
    type=_NONE,
    price=_NONE,
    trigger_price=_NONE,
    quantity=_NONE,
    reason=np.empty(0, dtype=object),
    sequence=_NONE,
    exact={},
)


def recorded_updates(record: EventRecord, end: int) -> OrderUpdates:
    """Return the updates of a record.

    Args:
        end: Last instant of the window, UNIX nanoseconds. Later events are left out.
    """
    changes = record.changes
    kept = np.flatnonzero(changes.ts <= end)
    # MISSING is negative, and finds the empty text at the end.
    code = np.maximum(changes.reason[kept], -1)
    return OrderUpdates(
        order=changes.order[kept],
        ts=changes.ts[kept],
        kind=changes.kind[kept],
        type=changes.type[kept],
        price=changes.price[kept],
        trigger_price=changes.trigger_price[kept],
        quantity=changes.quantity[kept],
        reason=np.array([*record.reasons, ""], dtype=object)[code],
        sequence=changes.event[kept],
        exact={name: exact_texts(record, name, changes.event[kept]) for name in ("price", "trigger_price", "quantity")},
    )
