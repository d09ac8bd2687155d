"""The general recorder: it records what the engine did with every order, whoever created the order.

The engine delivers each event of a strategy's orders to the strategy's `on_order_event`: also of orders that the engine created
itself (`close_all_positions`, brackets). It delivers no event after the strategy has stopped. Those are read from the engine's
cache, where each order keeps all its events.
"""

import bisect
import itertools
import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from nautilus_trader.model import (
    ClientOrderId,
    LiquiditySide,
    OrderAccepted,
    OrderCanceled,
    OrderCancelRejected,
    OrderDenied,
    OrderEmulated,
    OrderExpired,
    OrderFilled,
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
    POST_ONLY,
    QUOTE_QUANTITY,
    REDUCE_ONLY,
    EventRecord,
)
from tickreel.engine.instrument import RAW_DECIMALS, Instrument
from tickreel.rpc.errors import TickreelError

# Events are decoded in batches: reading an object of the engine costs several times as much between two orders.
_BATCH = 1_024

_KINDS: dict[type, int] = {
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
_INITIALIZED, _UPDATED = CHANGES.index("initialized"), CHANGES.index("updated")
_FILLED = len(CHANGES)
_REASONED = frozenset(map(CHANGES.index, ("denied", "rejected", "modify_rejected", "cancel_rejected", "cancelled")))

# What the engine does first at one instant, for events whose sequence is not known.
_ANSWER = 2
_STAGES: dict[type, int] = {OrderInitialized: 0, OrderSubmitted: 1, OrderPendingUpdate: 1, OrderPendingCancel: 1}


class Recorder:
    """Records the order events of one replay.

    Args:
        instruments: The instruments of the replay.
    """

    def __init__(self, instruments: Sequence[Instrument]) -> None:
        self.record = EventRecord(tuple(str(instrument.id) for instrument in instruments))
        self._units = {
            instrument.id: (number, instrument.price_unit, instrument.size_unit)
            for number, instrument in enumerate(instruments)
        }
        self._foreign: dict[str, str] = {}
        self._pending: list[Any] = []
        # The divisors of each order's instrument.
        self._order_units: list[tuple[int, int]] = []
        # Numbers the events.
        self._next = itertools.count().__next__

    def add(self, event: Any) -> None:
        """Record an event of an order. Call it in the order in which the engine publishes the events."""
        self._pending.append(event)
        if len(self._pending) >= _BATCH:
            self.flush()

    def flush(self) -> None:
        """Write the events so far into the tables."""
        events, self._pending = self._pending, []
        rows, foreign = self.record.order_ids, self._foreign
        for event in events:
            name = event.client_order_id.value
            row = rows.get(name)
            if row is None:
                if name not in foreign:
                    self._create(event, name)
                continue
            if type(event) is OrderFilled:
                self._fill(event, row)
            else:
                self._change(event, row)

    def finish(self, cache: Any) -> None:
        """Record the events that the engine did not deliver, each at its place in the sequence.

        The engine delivers none after the strategy has stopped, such as the fill of an order from `on_stop`, and never delivers
        that a stop-limit order was triggered. So the events of every order are counted.

        Args:
            cache: The engine's cache after the replay. Orders that the strategy purged from it are not counted.

        Raises:
            TickreelError: REPLAY_FAILED if an order was for an instrument that the replay does not have.
        """
        self.flush()
        record = self.record
        sequence = EventSequence(record)
        missed: list[list[Any]] = []
        places: dict[int, int] = {}
        for order_id in sorted(cache.client_order_ids(), key=_natural):
            row, order = record.order_ids.get(order_id.value), cache.order(order_id)
            if row is None or sequence.counts[row] != order.event_count:
                events = sequence.missed(row, order.events())
                missed.append([event for event, _ in events])
                places |= {id(event): place for event, place in events}
        ordered = sorted(_in_sequence(missed), key=lambda event: places[id(event)])
        for event in ordered:
            self.add(event)
        self.flush()
        if self._foreign:
            ordered_ids = ", ".join(sorted(set(self._foreign.values())))
            message = f"the strategy sent an order for {ordered_ids}; this run replays {', '.join(record.instruments)} only"
            raise TickreelError("REPLAY_FAILED", message)
        record.move_last(np.array([places[id(event)] for event in ordered], dtype=np.int64))

    def _create(self, event: Any, name: str) -> None:
        if (units := self._units.get(event.instrument_id)) is None:
            self._foreign[name] = str(event.instrument_id)
            return
        instrument, price_unit, size_unit = units
        record, number = self.record, self._next()
        price = self._scaled(number, "price", event.price, price_unit)
        trigger = self._scaled(number, "trigger_price", event.trigger_price, price_unit)
        quantity = self._scaled(number, "quantity", event.quantity, size_unit)
        activation = self._scaled(number, "activation_price", event.activation_price, price_unit)
        display = self._scaled(number, "display_quantity", event.display_qty, size_unit)
        flags = POST_ONLY * event.post_only | REDUCE_ONLY * event.reduce_only | QUOTE_QUANTITY * event.quote_quantity
        flags |= OFF_GRID * (number in record.exact)
        parent, expire = event.parent_order_id, event.expire_time
        record.order_ids[name] = len(self._order_units)
        self._order_units.append((price_unit, size_unit))
        record.order_rows.extend(
            (
                number,
                instrument,
                event.ts_event,
                1 if event.order_side == OrderSide.BUY else -1,
                int(event.order_type),
                int(event.time_in_force),
                flags,
                price,
                trigger,
                quantity,
                MISSING if expire is None else expire,
                MISSING if parent is None else record.order_ids.get(parent.value, MISSING),
                int(event.contingency_type or 0),
                self._text(event.order_list_id),
                self._texts(event.linked_order_ids),
                self._texts(event.tags),
                int(event.trigger_type or 0),
                int(event.emulation_trigger or 0),
                int(event.trailing_offset_type or 0),
                self._text(event.trailing_offset),
                self._text(event.limit_offset),
                activation,
                display,
                self._text(event.exec_algorithm_id),
            )
        )

    def _fill(self, event: Any, row: int) -> None:
        price_unit, size_unit = self._order_units[row]
        number, position, positions = self._next(), event.position_id, self.record.positions
        commission, currency = self._commission(event.commission)
        self.record.fill_rows.extend(
            (
                number,
                row,
                event.ts_event,
                self._scaled(number, "price", event.last_px, price_unit),
                self._scaled(number, "quantity", event.last_qty, size_unit),
                int(event.liquidity_side == LiquiditySide.TAKER),
                commission,
                MISSING if position is None else positions.setdefault(position.value, len(positions)),
                currency,
            )
        )

    def _change(self, event: Any, row: int) -> None:
        kind = _KINDS[type(event)]
        price_unit, size_unit = self._order_units[row]
        number, order_type, price, trigger, quantity, reason = self._next(), MISSING, MISSING, MISSING, MISSING, MISSING
        if kind in (_INITIALIZED, _UPDATED):
            price = self._scaled(number, "price", event.price, price_unit)
            trigger = self._scaled(number, "trigger_price", event.trigger_price, price_unit)
            quantity = self._scaled(number, "quantity", event.quantity, size_unit)
            if kind == _INITIALIZED:
                order_type = int(event.order_type)
        # The reason of a cancellation is mostly None.
        if kind in _REASONED and (stated := event.reason) is not None:
            reason = self.record.reasons.setdefault(stated, len(self.record.reasons))
        self.record.change_rows.extend((number, row, event.ts_event, kind, order_type, price, trigger, quantity, reason))

    def _scaled(self, number: int, column: str, value: Any, unit: int) -> int:
        """Return a price or size of an event as an integer at the precision of its instrument, or MISSING."""
        if value is None:
            return MISSING
        scaled, rest = divmod(value.raw, unit)
        if rest:
            exact = text(value.raw, RAW_DECIMALS).rstrip("0")
            self.record.exact.setdefault(number, {})[column] = exact
        return int(scaled)

    def _commission(self, commission: Any) -> tuple[int, int]:
        """Return a fee at the precision of its currency, and the code of the currency."""
        if commission is None:
            return 0, MISSING
        currency = commission.currency
        return commission.raw // 10 ** (RAW_DECIMALS - currency.precision), self._text(currency.code)

    def _text(self, value: Any) -> int:
        """Return the code of a value's text, or MISSING."""
        texts = self.record.texts
        return MISSING if value is None else texts.setdefault(str(value), len(texts))

    def _texts(self, values: Iterable[Any] | None) -> int:
        """Return the code of a list of values, or MISSING if there are none."""
        lists = self.record.text_lists
        return lists.setdefault(tuple(map(str, values)), len(lists)) if values else MISSING


class EventSequence:
    """The recorded events of each order.

    Attributes:
        counts: Number of recorded events of each order.
    """

    def __init__(self, record: EventRecord) -> None:
        orders, fills, changes = record.orders, record.fills, record.changes
        count = len(orders.ts)
        numbers = np.concatenate([orders.event, fills.event, changes.event])
        kinds = np.concatenate([np.full(count, _INITIALIZED), np.full(len(fills.ts), _FILLED), changes.kind])
        times = np.concatenate([orders.ts, fills.ts, changes.ts])
        of = np.concatenate([np.arange(count), fills.order, changes.order])
        by_order = np.lexsort((numbers, of))
        self._numbers, self._kinds, self._times = numbers[by_order], kinds[by_order], times[by_order]
        self._starts = np.searchsorted(of[by_order], np.arange(count + 1))
        self._clock = times[np.argsort(numbers)]
        self.counts: list[int] = np.diff(self._starts).tolist()

    def missed(self, row: int | None, events: Sequence[Any]) -> list[tuple[Any, int]]:
        """Return the events of an order that are not recorded, each with the number of the event before which it belongs.

        Args:
            row: The order's row; None if the record does not have the order.
            events: All events of the order.
        """
        first, past = (0, 0) if row is None else (int(self._starts[row]), int(self._starts[row + 1]))
        numbers = self._numbers[first:past].tolist()
        recorded: dict[tuple[int, int], list[int]] = {}
        for number, kind, ts in zip(
            reversed(numbers), self._kinds[first:past][::-1], self._times[first:past][::-1], strict=True
        ):
            recorded.setdefault((int(kind), int(ts)), []).append(number)
        found, last = [], -1
        for event in events:
            # An event is known by its kind and time, and by how many of these there are. The record may have more events than
            # the cache: an execution algorithm can replace an order in the cache by an older copy.
            if known := recorded.get((_KINDS.get(type(event), _FILLED), event.ts_event)):
                last = max(last, known.pop())
                continue
            following = numbers[bisect.bisect_right(numbers, last) :]
            place = int(np.searchsorted(self._clock, event.ts_event, side="right"))
            found.append((event, min([place, *following[:1]])))
        return found


def _natural(order_id: ClientOrderId) -> tuple[str, int]:
    """Return a key that sorts the ids of an order factory by their running number. The engine returns ids in random order."""
    head, _, number = order_id.value.rpartition("-")
    return (head, int(number)) if number.isdecimal() else (order_id.value, 0)


def _in_sequence(orders: Iterable[Sequence[Any]]) -> list[Any]:
    """Merge the events of several orders into one sequence.

    Events are sorted by time. At one instant the engine first creates orders, then sends commands, and then the venue answers.
    The venue numbers its fills. Its other answers come before the next fill of their order.
    """
    keyed: list[tuple[tuple[int, int, float, int, int], Any]] = []
    for number, events in enumerate(orders):
        stages, instant, stage = [], 0, 0
        for event in events:
            stage = max(stage if event.ts_event == instant else 0, _STAGES.get(type(event), _ANSWER))
            instant = event.ts_event
            stages.append(stage)
        fill = math.inf
        for place in reversed(range(len(events))):
            event = events[place]
            if type(event) is OrderFilled:
                fill = int(event.trade_id.value.rpartition("-")[2])
            elif event.ts_event != instant:
                fill = math.inf
            instant = event.ts_event
            keyed.append(((instant, stages[place], fill if stages[place] == _ANSWER else 0, number, place), event))
    return [event for _, event in sorted(keyed, key=lambda entry: entry[0])]
