"""The general recorder: it records what the engine did with every order, whoever created the order.

The engine delivers each event of a strategy's orders to the strategy's `on_order_event`: also of orders that the engine created
itself (`close_all_positions`, brackets). It delivers no event after the strategy has stopped. Those are read from the engine's
cache, where each order keeps all its events.
"""

import bisect
import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from nautilus_trader.model import (
    ClientOrderId,
    OrderFilled,
    OrderInitialized,
    OrderPendingCancel,
    OrderPendingUpdate,
    OrderSubmitted,
)

from tickreel.engine.event_record import CHANGES, EventRecord
from tickreel.engine.event_tables import INITIALIZED, KINDS, EventTables
from tickreel.engine.instrument import Instrument
from tickreel.rpc.errors import TickreelError

# Events are decoded in batches: reading an object of the engine costs several times as much between two orders.
_BATCH = 1_024
# Marks a fill among the kinds of events.
_FILLED = len(CHANGES)

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
        self._tables = EventTables(self.record, instruments)
        self._instruments = {instrument.id: number for number, instrument in enumerate(instruments)}
        self._foreign: set[str] = set()
        self._pending: list[Any] = []

    def add(self, event: Any) -> None:
        """Record an event of an order. Call it in the order in which the engine publishes the events."""
        pending = self._pending
        pending.append(event)
        if len(pending) == _BATCH:
            self.flush()

    def flush(self) -> None:
        """Write the events so far into the tables."""
        events, self._pending = self._pending, []
        ids, tables = self.record.order_ids, self._tables
        # Three entries an event: its number, the row that it belongs to, and the event.
        orders: list[Any] = []
        fills: list[Any] = []
        changes: list[Any] = []
        for number, event in enumerate(events, len(self.record)):
            name = event.client_order_id.value
            row = ids.get(name)
            if row is None:
                instrument = self._instruments.get(event.instrument_id)
                if instrument is None:
                    self._foreign.add(str(event.instrument_id))
                else:
                    ids[name] = len(ids)
                    orders += number, instrument, event
            elif type(event) is OrderFilled:
                fills += number, row, event
            else:
                changes += number, row, event
        for add, entries in ((tables.add_orders, orders), (tables.add_fills, fills), (tables.add_changes, changes)):
            if entries:
                add(entries[::3], entries[1::3], entries[2::3])

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
        ids, counts = self.record.order_ids, self.record.event_counts()
        # One order at a time: the engine returns copies.
        incomplete = [
            order_id
            for order_id in cache.client_order_ids()
            if (row := ids.get(order_id.value)) is None or counts[row] != cache.order(order_id).event_count
        ]
        places = (
            self._add_missed([cache.order(order_id) for order_id in sorted(incomplete, key=_natural)]) if incomplete else []
        )
        if self._foreign:
            ordered_ids = ", ".join(sorted(self._foreign))
            message = (
                f"the strategy sent an order for {ordered_ids}; this run replays {', '.join(self.record.instruments)} only"
            )
            raise TickreelError("REPLAY_FAILED", message)
        if places:
            self.record.move_last(np.array(places, dtype=np.int64))

    def _add_missed(self, orders: Sequence[Any]) -> list[int]:
        """Record the events of orders that are not recorded yet, and return their places in the sequence."""
        ids, sequence = self.record.order_ids, EventSequence(self.record)
        missed = [sequence.missed(ids.get(order.client_order_id.value), order.events()) for order in orders]
        places = {id(event): place for events in missed for event, place in events}
        ordered = sorted(_in_sequence([[event for event, _ in events] for events in missed]), key=lambda one: places[id(one)])
        for event in ordered:
            self.add(event)
        self.flush()
        return [places[id(event)] for event in ordered]


class EventSequence:
    """The recorded events of each order."""

    def __init__(self, record: EventRecord) -> None:
        orders, fills, changes = record.orders, record.fills, record.changes
        count = len(orders.ts)
        numbers = np.concatenate([orders.event, fills.event, changes.event])
        kinds = np.concatenate([np.full(count, INITIALIZED), np.full(len(fills.ts), _FILLED), changes.kind])
        times = np.concatenate([orders.ts, fills.ts, changes.ts])
        of = np.concatenate([np.arange(count), fills.order, changes.order])
        by_order = np.lexsort((numbers, of))
        self._numbers, self._kinds, self._times = numbers[by_order], kinds[by_order], times[by_order]
        self._starts = np.searchsorted(of[by_order], np.arange(count + 1))
        self._clock = times[np.argsort(numbers)]

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
            if known := recorded.get((KINDS.get(type(event), _FILLED), event.ts_event)):
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
