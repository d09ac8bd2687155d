"""The recorder of strategies that copy trade rows with orders that can neither rest nor be delayed.

Such an order ends at the instant of its submission, and takes liquidity. So this recorder reads fewer values from the engine
than the general recorder, and purges closed orders from the engine's cache.
"""

import gc
from collections.abc import Callable
from typing import Any

from nautilus_trader.model import (
    ClientOrderId,
    OrderCanceled,
    OrderDenied,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderSide,
    Price,
    Quantity,
)
from nautilus_trader.trading import Strategy

from tickreel.engine.closing_order import close_position
from tickreel.engine.copying_strategy import CopyingStrategy
from tickreel.engine.engine_figures import EngineFigures
from tickreel.engine.event_record import ORDER_TYPES, TIMES_IN_FORCE
from tickreel.engine.instrument import Instrument
from tickreel.engine.recorded_tape import reason_group, reason_of_cancel
from tickreel.engine.replay_class import replay_class
from tickreel.engine.tape import Tape
from tickreel.v1 import run_config_pb2

# Rows after which recorded events are written to the tape, and closed orders are purged from the engine's cache.
_BATCH = 1_000


def only_copies(strategy: type, config: run_config_pb2.RunConfig) -> bool:
    """Return whether this recorder can record the orders of a strategy."""
    may_last = config.venue.HasField("latency") or config.strategy.time_in_force == "GTC"
    return issubclass(strategy, CopyingStrategy) and not may_last


class CopyRecorder:
    """Records one replay of copies on a tape. The position of a copy on the tape follows from the number in its order id.

    Args:
        config: Resolved.
        tape: An empty tape.
        end: Last instant of the window, UNIX nanoseconds.
    """

    def __init__(self, instrument: Instrument, config: run_config_pb2.RunConfig, tape: Tape, end: int) -> None:
        self.tape = tape
        self._instrument = instrument
        self._end_of_window = end
        self._config = config
        self._on_levels = config.venue.book_type == "L2_MBP"
        self._figures = EngineFigures(instrument)
        self._next_batch = _BATCH
        # The next batch for the tape. It holds values instead of orders: a thousand live order objects slow the engine.
        self._copies: list[tuple[int, OrderSide, Price | None, Quantity]] = []
        self._filled: list[Any] = []
        self._ended: list[Any] = []
        self._no_book_yet = 0
        self._open_at_stop: list[tuple[ClientOrderId, int]] = []

    def replay_class[S: Strategy](self, strategy: type[S]) -> type[S]:
        """Return the class of a strategy for this replay."""
        copied, tape = self._copies.append, self.tape
        theirs: Any = strategy.on_trade
        their_stop = strategy.on_stop

        def on_trade(this: S, trade: Any) -> None:
            if tape.rows >= self._next_batch:
                self._end_batch(this, trade.ts_init)
            tape.rows += 1
            theirs(this, trade)

        def add_book(_: Any) -> None:
            tape.book_rows += 1

        def on_stop(this: S) -> None:
            their_stop(this)
            self._stop(this)

        def note_copy(this: S, *copy: Any) -> None:
            copied(copy)

        records: dict[str, Callable[[Any], None]] = dict.fromkeys(_ENDS.values(), self._end)
        records |= {"on_book_depth": add_book, "on_order_filled": self._filled.append}
        own: dict[str, Any] = {name: _recorded(record, strategy, name) for name, record in records.items()}
        own |= {"on_trade": on_trade, "on_stop": on_stop, "_copied": note_copy}
        return replay_class(strategy, own)

    def finish(self, cache: Any, *, with_balances: bool) -> None:
        """Complete the tape, including the events of orders after the strategy stopped, which the engine does not deliver.

        Args:
            cache: The engine's cache after the replay.
            with_balances: Whether the engine kept an account.
        """
        for client_order_id, recorded in self._open_at_stop:
            for event in cache.order(client_order_id).events()[recorded:]:
                if type(event) is OrderFilled:
                    self._filled.append(event)
                elif type(event) in _ENDS:
                    self._end(event)
        self._write_batch()
        self.tape.reported = self._figures.close(cache, self.tape, with_balances=with_balances)
        self.tape.settled = self._end_of_window

    def _end(self, event: Any) -> None:
        self._ended.append(event)
        # A cancellation before the first book has another reason.
        if not self.tape.book_rows:
            self._no_book_yet = len(self._ended)

    def _end_batch(self, strategy: Strategy, now: int) -> None:
        """Write the events of the rows so far to the tape, before a row at `now`."""
        self._next_batch += _BATCH
        self._write_batch()
        cache = strategy.cache
        # An order then takes less than 4 kB instead of 10.
        self._figures.add_closed(cache)
        cache.purge_closed_orders(now, 0)
        cache.purge_closed_positions(now, 0)
        cache.purge_account_events(now, 0)
        # A strategy may leave reference cycles, and nothing else collects them during a replay.
        gc.collect(1)
        # Rows before this one may have the same time as this one.
        self.tape.settled = now - 1

    def _stop(self, strategy: Strategy) -> None:
        open_orders = [*strategy.cache.orders_open(), *strategy.cache.orders_inflight()]
        if self._config.strategy.close_positions_on_stop:
            self._write_batch()
            closing = close_position(strategy, self._instrument, self.tape)
            if closing is not None:
                self._copies.append((strategy.clock.timestamp_ns(), closing.side, None, closing.quantity))
                open_orders.append(closing)
        self._open_at_stop = [(order.client_order_id, order.event_count) for order in open_orders]

    def _write_batch(self) -> None:
        """Write recorded events to the tape.

        Events are written in batches: reading an object of the engine costs several times as much between two orders.
        """
        tape, instrument = self.tape, self._instrument
        price_unit, size_unit, money_unit = instrument.price_unit, instrument.size_unit, instrument.money_unit
        orders: list[int] = []
        for ts, side, price, size in self._copies:
            limit = price.raw // price_unit if price is not None else 0
            orders += ts, 1 if side == OrderSide.BUY else -1, limit, size.raw // size_unit
        tape.add_orders(orders)
        fills: list[int] = []
        for event in self._filled:
            place = _place(event)
            ts, sign = tape.submission(place)
            fills += place, ts, sign, event.last_px.raw // price_unit, event.last_qty.raw // size_unit, 1
            fills.append(event.commission.raw // money_unit)
        tape.add_fills(fills)
        for number, event in enumerate(self._ended):
            kind = _KINDS[type(event)]
            reason = self._reason_of_cancel(event, number) if kind == "cancelled" else _reason(event)
            tape.end(_place(event), event.ts_event, kind, reason)
        for batch in (self._copies, self._filled, self._ended):
            batch.clear()
        self._no_book_yet = 0

    def _reason_of_cancel(self, event: Any, number: int) -> str:
        strategy = self._config.strategy
        order_type, time_in_force = strategy.order_type, strategy.time_in_force
        if event.client_order_id.value.startswith("CLOSE"):
            order_type, time_in_force = "MARKET", "IOC"
        no_book = self._on_levels and number < self._no_book_yet
        return reason_of_cancel(ORDER_TYPES.index(order_type), TIMES_IN_FORCE.index(time_in_force), no_book=no_book)


_ENDS: dict[type, str] = {
    OrderCanceled: "on_order_canceled",
    OrderDenied: "on_order_denied",
    OrderRejected: "on_order_rejected",
    OrderExpired: "on_order_expired",
}
_KINDS = {OrderCanceled: "cancelled", OrderDenied: "denied", OrderRejected: "rejected", OrderExpired: "expired"}


def _recorded(record: Callable[[Any], None], strategy: type[Strategy], name: str) -> Any:
    """Return a callback that records its event, and then calls the strategy's own, if it has one."""
    theirs = getattr(strategy, name)
    if theirs is getattr(Strategy, name):
        return staticmethod(record)

    def recorded(this: Strategy, event: Any) -> None:
        record(event)
        theirs(this, event)

    return recorded


def _place(event: Any) -> int:
    """Return the position of an event's order on the tape."""
    text: str = event.client_order_id.value
    return int(text[text.rindex("-") + 1 :]) - 1


def _reason(event: Any) -> str:
    return "EXPIRED" if type(event) is OrderExpired else reason_group(event.reason, ())
