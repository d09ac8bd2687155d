"""The terms of orders: type, prices, size and flags, after the last change and at creation.

The record of a general strategy has them. The orders of a copying strategy follow from its config.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tickreel.accounting.scaled import Integers
from tickreel.engine.event_record import (
    CHANGES,
    MISSING,
    ORDER_TYPES,
    POST_ONLY,
    QUOTE_QUANTITY,
    REDUCE_ONLY,
    TIMES_IN_FORCE,
    EventRecord,
)
from tickreel.engine.tape import Orders
from tickreel.v1 import run_config_pb2

Int64 = npt.NDArray[np.int64]

NO, YES, UNKNOWN = 0, 1, -1
"""Values of a flag."""
_UPDATED = CHANGES.index("updated")
IN_FLIGHT, EMULATED, OPEN = range(3)
"""States of an order that has not ended."""
_REACHED = {"emulated": EMULATED, "released": IN_FLIGHT, "submitted": IN_FLIGHT, "accepted": OPEN, "triggered": OPEN}
_CODES = np.array([_REACHED.get(kind, -1) for kind in CHANGES])
_STATED = np.isin(CHANGES, ("denied", "rejected"))


@dataclass(frozen=True)
class OrderTerms:
    """The terms of every order; every column has shape (orders,). MISSING marks a value that an order does not have."""

    type: Int64
    """Position in `ORDER_TYPES`, as created."""
    time_in_force: Int64
    """Position in `TIMES_IN_FORCE`; 0 if unknown."""
    post_only: Int64
    """`YES`, `NO` or `UNKNOWN`, as the next two."""
    reduce_only: Int64
    quote_quantity: Int64
    price: Integers
    """After the last change, as the next two."""
    trigger_price: Integers
    quantity: Integers
    initial_price: Integers
    """At creation; MISSING if it never changed, as for the next two."""
    initial_trigger_price: Integers
    initial_quantity: Integers
    expire: Int64
    """UNIX nanoseconds."""
    parent: Int64
    """Row of the parent order."""
    updates: Int64
    """Number of changes of the price, the trigger price or the size."""
    sequence: Int64
    """Number of the creation among all events."""
    reached: Int64
    """`IN_FLIGHT`, `EMULATED` or `OPEN`: the state of the order if it has not ended."""
    reason: npt.NDArray[np.object_] | None
    """Why the order was denied or rejected, in the words of the engine, or ""; None if the words were not recorded."""
    names: npt.NDArray[np.object_] | None
    """Ids of the engine; None if they were not recorded."""
    tags: npt.NDArray[np.object_] | None
    """Tags, separated by commas; None if they were not recorded."""
    exact: Mapping[str, Mapping[int, str]]
    """Prices and sizes with more decimals than the instrument: by column, then by row, the decimal as text. The columns have
    them rounded down."""


def recorded_terms(record: EventRecord, end: int) -> OrderTerms:
    """Return the terms of the orders of a record.

    Args:
        end: Last instant of the window, UNIX nanoseconds. Later changes are left out.
    """
    orders, changes = record.orders, record.changes
    count, seen = len(orders.ts), changes.ts <= end
    updated = seen & (changes.kind == _UPDATED)
    updates = np.bincount(changes.order[updated], minlength=count)
    last, initial, exact = {}, {}, {}
    for name in ("price", "trigger_price", "quantity"):
        first, later = getattr(orders, name), getattr(changes, name)[updated]
        last[name] = _last(first, changes.order[updated], later)
        initial[name] = np.where(last[name] == first, MISSING, first)
        # The events that set the last values.
        setter = _last(orders.event, changes.order[updated], np.where(later == MISSING, MISSING, changes.event[updated]))
        exact[name] = exact_texts(record, name, setter)
        exact[f"initial_{name}"] = exact_texts(record, name, np.where(initial[name] == MISSING, MISSING, orders.event))
    codes = _CODES[changes.kind]
    moved, stated = seen & (codes >= 0), seen & _STATED[changes.kind]
    reached = _last(np.full(count, IN_FLIGHT), changes.order[moved], codes[moved])
    reason = np.full(count, "", dtype=object)
    reason[changes.order[stated]] = np.array([*record.reasons, ""], dtype=object)[changes.reason[stated]]
    return OrderTerms(
        type=orders.type,
        time_in_force=orders.time_in_force,
        post_only=(orders.flags & POST_ONLY != 0).astype(np.int64),
        reduce_only=(orders.flags & REDUCE_ONLY != 0).astype(np.int64),
        quote_quantity=(orders.flags & QUOTE_QUANTITY != 0).astype(np.int64),
        **last,
        **{f"initial_{name}": values for name, values in initial.items()},
        expire=orders.expire,
        parent=orders.parent,
        updates=updates,
        sequence=orders.event,
        reached=reached,
        reason=reason,
        names=np.array(list(record.order_ids), dtype=object),
        tags=np.array([*map(",".join, record.text_lists), ""], dtype=object)[np.maximum(orders.tags, -1)],
        exact=exact,
    )


def exact_texts(record: EventRecord, column: str, events: Int64) -> dict[int, str]:
    """Return the exact decimals of a column, where they have more decimals than the instrument, by row.

    Args:
        events: The event that set the value of each row, or MISSING; shape (rows,).
    """
    if not record.exact:
        return {}
    rows = np.flatnonzero(np.isin(events, np.array(list(record.exact))))
    texts = ((row, record.exact[int(events[row])].get(column)) for row in rows.tolist())
    return {row: text for row, text in texts if text is not None}


def copied_terms(orders: Orders, config: run_config_pb2.RunConfig, arrives_by: int, rows: int) -> OrderTerms:
    """Return the terms of the orders of a copying strategy.

    Args:
        config: Resolved.
        arrives_by: The latest submission time, UNIX nanoseconds, at which an order reaches the venue within the window.
        rows: Number of trade rows that the orders copy.
    """
    count, strategy = len(orders.side), config.strategy
    at_market = orders.price == 0
    time_in_force = np.full(count, TIMES_IN_FORCE.index(strategy.time_in_force))
    reduce_only = np.full(count, NO)
    if strategy.close_positions_on_stop and count and at_market[-1]:
        # The last order may be the one that closes the position: a market IOC order, which the engine may only let reduce.
        is_closing = strategy.order_type != "MARKET" or count > rows
        if is_closing or strategy.time_in_force != "IOC":
            time_in_force[-1] = TIMES_IN_FORCE.index("IOC") if is_closing else 0
        reduce_only[-1] = UNKNOWN
    none = np.full(count, MISSING)
    return OrderTerms(
        type=np.where(at_market, ORDER_TYPES.index("MARKET"), ORDER_TYPES.index("LIMIT")),
        time_in_force=time_in_force,
        post_only=np.full(count, NO),
        reduce_only=reduce_only,
        quote_quantity=np.full(count, NO),
        price=np.where(at_market, MISSING, orders.price),
        trigger_price=none,
        quantity=orders.quantity,
        initial_price=none,
        initial_trigger_price=none,
        initial_quantity=none,
        expire=none,
        parent=none,
        updates=np.zeros(count, dtype=np.int64),
        sequence=none,
        reached=np.where(orders.ts_submitted > arrives_by, IN_FLIGHT, OPEN),
        reason=None,
        names=None,
        tags=None,
        exact={},
    )


def _last(first: Integers, orders: Int64, values: Integers) -> Integers:
    """Return the last value of each order: the first value, unless a later one is given.

    Args:
        first: Value of each order at creation.
        orders, values: Rows of orders and their later values, in order of events. MISSING is no value.
    """
    given = values != MISSING
    dtype = object if object in (first.dtype, values.dtype) else np.int64
    last = first.astype(dtype)
    # If a row is assigned twice, the last value stays.
    last[orders[given]] = values[given]
    return last
