"""Writes events of the engine into the tables of a record, many at a time."""

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter, floordiv, mul
from typing import Any

from nautilus_trader.model import (
    LiquiditySide,
    OrderAccepted,
    OrderCanceled,
    OrderCancelRejected,
    OrderDenied,
    OrderEmulated,
    OrderExpired,
    OrderInitialized,
    OrderModifyRejected,
    OrderPendingCancel,
    OrderPendingUpdate,
    OrderRejected,
    OrderReleased,
    OrderSide,
    OrderSubmitted,
    OrderTriggered,
    OrderUpdated,
)

from tickreel.accounting.scaled import text
from tickreel.engine.event_record import (
    CHANGES,
    MISSING,
    OFF_GRID,
    ORDER_TYPES,
    POST_ONLY,
    QUOTE_QUANTITY,
    REDUCE_ONLY,
    EventRecord,
)
from tickreel.engine.instrument import RAW_DECIMALS, Instrument

KINDS: dict[type, int] = {
    event: CHANGES.index(kind)
    for event, kind in (
        (OrderInitialized, "initialized"),
        (OrderDenied, "denied"),
        (OrderEmulated, "emulated"),
        (OrderReleased, "released"),
        (OrderSubmitted, "submitted"),
        (OrderAccepted, "accepted"),
        (OrderRejected, "rejected"),
        (OrderTriggered, "triggered"),
        (OrderPendingUpdate, "pending_update"),
        (OrderUpdated, "updated"),
        (OrderModifyRejected, "modify_rejected"),
        (OrderPendingCancel, "pending_cancel"),
        (OrderCancelRejected, "cancel_rejected"),
        (OrderCanceled, "cancelled"),
        (OrderExpired, "expired"),
    )
}
"""Position in `CHANGES` of each type of event."""

INITIALIZED = CHANGES.index("initialized")
_REASONED = frozenset(map(CHANGES.index, ("denied", "rejected", "modify_rejected", "cancel_rejected", "cancelled")))
_SIZED = frozenset((INITIALIZED, CHANGES.index("updated")))
_TERMS = (
    "ts_event",
    "order_side",
    "order_type",
    "time_in_force",
    "post_only",
    "reduce_only",
    "quote_quantity",
    "price",
    "quantity",
    "expire_time",
    "parent_order_id",
    "contingency_type",
    "order_list_id",
    "linked_order_ids",
    "tags",
    "emulation_trigger",
    "display_qty",
    "exec_algorithm_id",
)
# Terms that no order of these types has. Reading an attribute of the engine takes time.
_UNTRIGGERED = frozenset(map(ORDER_TYPES.index, ("MARKET", "LIMIT", "MARKET_TO_LIMIT")))
_TRIGGER_TERMS = (
    "trigger_price",
    "trigger_type",
    "trailing_offset_type",
    "trailing_offset",
    "limit_offset",
    "activation_price",
)


class EventTables:
    """Writes into the tables of a record.

    Args:
        instruments: The instruments of the record.
    """

    def __init__(self, record: EventRecord, instruments: Sequence[Instrument]) -> None:
        self._record = record
        self._units = [(instrument.price_unit, instrument.size_unit) for instrument in instruments]
        # The divisors of each order's instrument.
        self._order_units: list[tuple[int, int]] = []

    def add_orders(self, numbers: Sequence[int], instruments: Sequence[int], events: Sequence[Any]) -> None:
        """Add the creations of orders.

        Args:
            numbers: Number of each event in the engine's sequence.
            instruments: Instrument of each order.
        """
        record, units = self._record, [self._units[instrument] for instrument in instruments]
        exact, ids = record.exact, record.order_ids
        self._order_units += units
        of = _values(events, *_TERMS)
        types = list(map(int, of["order_type"]))
        of |= _values([] if _UNTRIGGERED.issuperset(types) else events, *_TRIGGER_TERMS)
        prices, sizes = zip(*units, strict=True)
        price, trigger_price, activation_price = (
            self._scaled(numbers, name, of[name], prices) for name in ("price", "trigger_price", "activation_price")
        )
        quantity = self._scaled(numbers, "quantity", of["quantity"], sizes)
        display_quantity = self._scaled(numbers, "display_quantity", of["display_qty"], sizes)
        flags = [
            POST_ONLY * post_only + REDUCE_ONLY * reduce_only + QUOTE_QUANTITY * quote_quantity + OFF_GRID * (number in exact)
            for post_only, reduce_only, quote_quantity, number in zip(
                of["post_only"], of["reduce_only"], of["quote_quantity"], numbers, strict=True
            )
        ]
        record.order_rows.extend(
            len(events),
            (
                numbers,
                instruments,
                of["ts_event"],
                [1 if side == OrderSide.BUY else -1 for side in of["order_side"]],
                types,
                list(map(int, of["time_in_force"])),
                flags,
                price,
                trigger_price,
                quantity,
                _coded(of["expire_time"], int),
                _coded(of["parent_order_id"], lambda parent: ids.get(parent.value, MISSING)),
                _coded(of["contingency_type"], int, 0),
                _coded(of["order_list_id"], self._text),
                _coded(of["linked_order_ids"], self._texts),
                _coded(of["tags"], self._texts),
                _coded(of["trigger_type"], int, 0),
                _coded(of["emulation_trigger"], int, 0),
                _coded(of["trailing_offset_type"], int, 0),
                _coded(of["trailing_offset"], self._text),
                _coded(of["limit_offset"], self._text),
                activation_price,
                display_quantity,
                _coded(of["exec_algorithm_id"], self._text),
            ),
        )

    def add_fills(self, numbers: Sequence[int], orders: Sequence[int], events: Sequence[Any]) -> None:
        """Add fills.

        Args:
            numbers: Number of each event in the engine's sequence.
            orders: Row of each fill's order.
        """
        positions = self._record.positions
        prices, sizes = zip(*map(self._order_units.__getitem__, orders), strict=True)
        of = _values(events, "ts_event", "last_px", "last_qty", "liquidity_side", "commission", "position_id")
        fees = [_fee(commission) for commission in of["commission"]]
        self._record.fill_rows.extend(
            len(events),
            (
                numbers,
                orders,
                of["ts_event"],
                self._scaled(numbers, "price", of["last_px"], prices),
                self._scaled(numbers, "quantity", of["last_qty"], sizes),
                [side == LiquiditySide.TAKER for side in of["liquidity_side"]],
                [fee for fee, _ in fees],
                _coded(of["position_id"], lambda position: positions.setdefault(position.value, len(positions))),
                _coded(tuple(currency for _, currency in fees), self._text),
            ),
        )

    def add_changes(self, numbers: Sequence[int], orders: Sequence[int], events: Sequence[Any]) -> None:
        """Add all other events.

        Args:
            numbers: Number of each event in the engine's sequence.
            orders: Row of each event's order.
        """
        reasons, count = self._record.reasons, len(events)
        kinds = [KINDS[type(event)] for event in events]
        sized = [place for place, kind in enumerate(kinds) if kind in _SIZED]
        of = _values([events[place] for place in sized], "price", "trigger_price", "quantity")
        sized_numbers, units = [numbers[place] for place in sized], [self._order_units[orders[place]] for place in sized]
        prices, sizes = [price for price, _ in units], [size for _, size in units]
        created = [place for place in sized if kinds[place] == INITIALIZED]
        # The reason of a cancellation is mostly None.
        reasoned = [place for place, kind in enumerate(kinds) if kind in _REASONED and events[place].reason is not None]
        self._record.change_rows.extend(
            count,
            (
                numbers,
                orders,
                [event.ts_event for event in events],
                kinds,
                _spread(count, created, [int(events[place].order_type) for place in created]),
                _spread(count, sized, self._scaled(sized_numbers, "price", of["price"], prices)),
                _spread(count, sized, self._scaled(sized_numbers, "trigger_price", of["trigger_price"], prices)),
                _spread(count, sized, self._scaled(sized_numbers, "quantity", of["quantity"], sizes)),
                _spread(count, reasoned, [reasons.setdefault(events[place].reason, len(reasons)) for place in reasoned]),
            ),
        )

    def _scaled(self, numbers: Sequence[int], column: str, values: Sequence[Any], units: Sequence[int]) -> Sequence[int] | int:
        """Return prices or sizes as integers at the precision of their instruments; MISSING for None."""
        if _all_none(values):
            return MISSING
        raws = [0 if value is None else value.raw for value in values]
        scaled = list(map(floordiv, raws, units))
        if list(map(mul, scaled, units)) != raws:
            for number, raw, unit in zip(numbers, raws, units, strict=True):
                if raw % unit:
                    self._record.exact.setdefault(number, {})[column] = text(raw, RAW_DECIMALS).rstrip("0")
        return [MISSING if value is None else whole for value, whole in zip(values, scaled, strict=True)]

    def _text(self, value: Any) -> int:
        """Return the code of a value's text."""
        texts = self._record.texts
        return texts.setdefault(str(value), len(texts))

    def _texts(self, values: Iterable[Any]) -> int:
        """Return the code of a list of values."""
        lists = self._record.text_lists
        return lists.setdefault(tuple(map(str, values)), len(lists))


def _values(events: Sequence[Any], *names: str) -> dict[str, tuple[Any, ...]]:
    """Return attributes of events, each as a column."""
    return {name: tuple(map(attrgetter(name), events)) for name in names}


def _fee(commission: Any) -> tuple[int, str | None]:
    """Return a fee at the precision of its currency, and the currency."""
    if commission is None:
        return 0, None
    currency = commission.currency
    return commission.raw // 10 ** (RAW_DECIMALS - currency.precision), currency.code


def _coded(values: Sequence[Any], code: Callable[[Any], int], missing: int = MISSING) -> Sequence[int] | int:
    """Return the code of each value, and `missing` for None; only `missing` if there are no values."""
    if _all_none(values):
        return missing
    return [missing if value is None else code(value) for value in values]


def _all_none(values: Sequence[Any]) -> bool:
    # Comparing tuples is fast, and most columns have no values.
    return values == (None,) * len(values)


def _spread(count: int, places: Sequence[int], values: Sequence[int] | int) -> Sequence[int] | int:
    """Return a column that has the values at their places, and MISSING elsewhere."""
    if isinstance(values, int) or not places:
        return MISSING
    column = [MISSING] * count
    for place, value in zip(places, values, strict=True):
        column[place] = value
    return column
