"""The tape of a record: its orders, fills and ends of orders, as the ledger settles them."""

import re
from collections.abc import Container

import numpy as np

from tickreel.engine.event_record import CHANGES, MISSING, ORDER_TYPES, TIMES_IN_FORCE, EventRecord
from tickreel.engine.tape import Tape

_NUMBER = re.compile(r"-?\d+(\.\d+)?,?")
_ENDS = {CHANGES.index(kind): kind for kind in ("cancelled", "denied", "rejected", "expired")}
_CANCELLED, _EXPIRED = CHANGES.index("cancelled"), CHANGES.index("expired")
_IOC, _FOK, _MARKET = TIMES_IN_FORCE.index("IOC"), TIMES_IN_FORCE.index("FOK"), ORDER_TYPES.index("MARKET")


def write_tape(record: EventRecord, tape: Tape, end: int, first_book: int | None) -> None:
    """Write the orders, fills and ends of a record onto an empty tape.

    Args:
        end: Last instant of the window, UNIX nanoseconds. There is no data to match later events against, so they are left out.
        first_book: Time of the first book, UNIX nanoseconds; no trade may have the same time. None if orders are not matched
            against books.
    """
    orders, fills, changes = record.orders, record.fills, record.changes
    price = np.where(orders.price == MISSING, 0, orders.price)
    tape.add_orders(_flat(orders.ts, orders.side, price, orders.quantity))
    kept = fills.ts <= end
    columns = (fills.order, fills.ts, orders.side[fills.order], fills.price, fills.quantity, fills.taker, fills.commission)
    tape.add_fills(_flat(*(column[kept] for column in columns)))
    reasons = list(record.reasons)
    for row in np.flatnonzero(np.isin(changes.kind, list(_ENDS)) & (changes.ts <= end)).tolist():
        order, ts, kind = int(changes.order[row]), int(changes.ts[row]), int(changes.kind[row])
        if kind == _CANCELLED:
            no_book = first_book is not None and ts < first_book
            reason = _reason_of_cancel(int(orders.type[order]), int(orders.time_in_force[order]), no_book=no_book)
        else:
            reason = "EXPIRED" if kind == _EXPIRED else reason_group(reasons[int(changes.reason[row])], record.order_ids)
        tape.end(order, ts, _ENDS[kind], reason)


def reason_group(text: str, order_ids: Container[str]) -> str:
    """Return a reason of the engine without what differs from order to order: figures, and ids of orders.

    Most reasons are a name and figures after a colon. Others are a sentence, in which figures and ids become "…".
    """
    words = text.partition(":")[0].split()
    return " ".join("…" if word in order_ids or _NUMBER.fullmatch(word) else word for word in words) or "UNKNOWN"


def _reason_of_cancel(order_type: int, time_in_force: int, *, no_book: bool) -> str:
    """Return why the venue cancelled an order or its remainder. The engine does not say."""
    if time_in_force not in (_IOC, _FOK):
        return "CANCELLED"
    if no_book:
        return "NO_BOOK_YET"
    if time_in_force == _FOK:
        return "NOT_FILLABLE_WHOLE"
    return "NO_LIQUIDITY" if order_type == _MARKET else "NO_LIQUIDITY_AT_LIMIT"


def _flat(*columns: np.ndarray) -> list[int]:
    """Return the rows of columns, one after another."""
    rows: list[int] = np.stack([column.astype(object) for column in columns], axis=1).reshape(-1).tolist()
    return rows
