"""What a strategy that Tickreel replays derives from: a strategy of the engine whose orders and fills go on a tape."""

import functools
import gc
import traceback
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from nautilus_trader.core import UUID4
from nautilus_trader.model import (
    BookType,
    ClientOrderId,
    LiquiditySide,
    OrderCanceled,
    OrderDenied,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderSide,
    OrderType,
    Price,
    Quantity,
    TimeInForce,
)
from nautilus_trader.trading import Strategy

from tickreel.engine.engine_figures import EngineFigures
from tickreel.engine.instrument import Instrument
from tickreel.engine.tape import Tape
from tickreel.rpc.json_struct import values_of
from tickreel.v1 import run_config_pb2

NOT_IN_LOTS = "NOT_A_MULTIPLE_OF_LOT_SIZE"
"""Why an order was denied whose quantity is not a multiple of the instrument's lot size."""
# Rows after which what was recorded goes on the tape.
_BATCH = 1_000


def _guarded(method: Callable[..., Any]) -> Callable[..., Any]:
    """A callback whose error ends the run with its traceback; the engine would swallow it."""

    @functools.wraps(method)
    def guarded(self: "ReplayStrategy", *args: Any) -> Any:
        try:
            return method(self, *args)
        except BaseException:
            self.tape.error = self.tape.error or traceback.format_exc()
            raise

    return guarded


def _recorded(record: Callable[..., None], method: Callable[..., Any]) -> Callable[..., Any]:
    """A callback before which its event is recorded: once, however many overrides it passes on its way up."""

    # Guarded here as well, and not by another function around it: this runs twice for every row of a recording.
    @functools.wraps(method)
    def recorded(self: "ReplayStrategy", event: Any) -> Any:
        try:
            if event is not self._last_recorded:
                self._last_recorded = event
                record(self, event)
            return method(self, event)
        except BaseException:
            self.tape.error = self.tape.error or traceback.format_exc()
            raise

    return recorded


class ReplayStrategy(Strategy):
    """A strategy over one instrument.

    A subclass says what it does in its docstring, whose first line ListStrategies shows, and which `submission_modes` of a
    config it knows; it is made with the run's instrument and resolved config, and submits through `submit_order`. Callbacks
    that it overrides are recorded all the same; `on_start` and `on_stop` must call these. An error that a callback raises
    fails the run with its traceback.
    """

    submission_modes: ClassVar[tuple[str, ...]] = ("per_trade_tick",)
    parameters_schema: ClassVar[Mapping[str, Any]] = {"type": "object", "properties": {}, "additionalProperties": False}
    """What `strategy.parameters` of a config must be: a JSON Schema of the keywords that docs/REFERENCE.md names.

    The default takes none.
    """
    purge_every: ClassVar[int] = 0
    """After about so many rows the closed orders leave the engine's cache; 0 keeps them all, at 10 kB each.

    Only for a strategy that never looks back at its orders. Where they may outlive the row they were submitted at (GTC, or
    latency) the cache keeps them in any case.
    """
    independent_orders: ClassVar[bool] = False
    """Whether each order follows from its own trade row alone, whatever came before: then a window may be replayed in
    slices."""
    copies_rows: ClassVar[bool] = False
    """Whether it submits at most one order for a trade row, at once, of the size and the price of the row, and cancels none.

    The engine's risk checks refuse such an order for want of money or by the rate of orders alone, and are left out where
    neither can be.
    """
    submits_in_order: ClassVar[bool] = False
    """Whether it submits every order that it makes, in the order it makes them.

    The running number in an order's id is then its place on the tape, and nothing needs to be looked up.
    """

    def __new__(cls, *_args: object, **_options: object) -> "ReplayStrategy":
        return super().__new__(cls)

    def __init__(self, instrument: Instrument, config: run_config_pb2.RunConfig) -> None:
        super().__init__()
        self.instrument = instrument
        self.run_config = config
        self.parameters = values_of(config.strategy.parameters)
        self.tape = Tape()
        self._figures = EngineFigures(instrument)
        self._lot: int = instrument.engine.lot_size.raw
        self._on_levels = config.venue.book_type == "L2_MBP"
        self._lasting = config.venue.HasField("latency") or config.strategy.time_in_force == "GTC"
        self._purges = bool(self.purge_every) and not self._lasting
        self._batch = min(self.purge_every or _BATCH, _BATCH)
        self._next_batch = self._batch
        # What goes on the tape with the next batch. Not the orders themselves: a thousand that are kept alive slow the engine.
        self._submitted: list[tuple[int, OrderSide, Price | None, Quantity]] = []
        self._submitted_ids: list[ClientOrderId] = []
        self._filled: list[Any] = []
        self._ended: list[tuple[ClientOrderId, int, str, str]] = []
        self._places: dict[str, int] = {}
        self._last_recorded: Any = None
        self._open_at_stop: dict[str, int] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for name, method in list(vars(cls).items()):
            if name.startswith("on_"):
                record = _RECORDS.get(name)
                setattr(cls, name, _recorded(record, method) if record else _guarded(method))

    def on_start(self) -> None:
        # Each access to the engine's clock makes a new Python object.
        self._now = self.clock.timestamp_ns
        submit = super().submit_order
        # The engine checks no lots. Where one is the smallest size, there is nothing to check.
        in_lots = self._lot > self.instrument.size_unit
        self._submit = functools.partial(self._submit_in_lots, submit) if in_lots else submit
        self.subscribe_trades(self.instrument.id)
        if self._on_levels:
            self.subscribe_book_depth(self.instrument.id, BookType.L2_MBP)

    def on_stop(self) -> None:
        open_orders = [*self.cache.orders_open(), *self.cache.orders_inflight()]
        if self.run_config.strategy.close_positions_on_stop:
            open_orders += self._close_positions()
        self._open_at_stop = {order.client_order_id.value: len(order.events()) for order in open_orders}

    def finish(self, cache: Any, end: int, *, with_balances: bool) -> None:
        """Completes the tape, also with what became of orders after the strategy stopped, of which the engine tells it no more.

        An order that reaches the venue after the window has no data to meet, and stays in flight.

        Args:
            cache: The engine's, after the replay.
            end: The last instant of the window, UNIX nanoseconds.
            with_balances: Whether the engine kept an account.
        """
        past_end = False
        for client_order_id, told in self._open_at_stop.items():
            for event in cache.order(ClientOrderId(client_order_id)).events()[told:]:
                record = _RECORDS_OF_EVENTS.get(type(event))
                if event.ts_event > end:
                    past_end = True
                elif record is not None:
                    record(self, event)
        self._write_batch()
        # Where the engine went on past the window, its figures are of more than is on the tape.
        if not past_end:
            self.tape.reported = self._figures.close(cache, self.tape.fills, with_balances=with_balances)
        self.tape.settled = self.tape.rows

    def let_go(self) -> None:
        """Drops what refers back to the strategy, which then ends where its last reader does, and not by the collector.

        Only the thread that made the engine's objects can free them, and the collector runs in any.
        """
        self._submit = self._now = None

    def submit_order(self, order: Any, *args: Any, **options: Any) -> None:
        """Submits an order, and records it."""
        if not self.submits_in_order:
            self._submitted_ids.append(order.client_order_id)
        # The engine's market order has no such attribute at all.
        self._submitted.append((self._now(), order.side, getattr(order, "price", None), order.quantity))
        self._submit(order, *args, **options)

    def _submit_in_lots(self, submit: Callable[..., None], order: Any, *args: Any, **options: Any) -> None:
        """Submits an order whose quantity is a multiple of the lot size, and denies another as the risk engine would."""
        if order.quantity.raw % self._lot == 0:
            submit(order, *args, **options)
            return
        self._figures.keep_back()
        now = self._now()
        names = (order.trader_id, order.strategy_id, order.instrument_id, order.client_order_id)
        denied = OrderDenied(*names, NOT_IN_LOTS, UUID4(), now, now)
        self.on_order_denied(denied)
        self.on_order_event(denied)

    def _write_batch(self) -> None:
        """Puts what was recorded on the tape.

        In batches: a look at an object of the engine costs several times as much between two orders as it does here.
        """
        tape, submitted, filled, ended = self.tape, self._submitted, self._filled, self._ended
        self._submitted, self._filled, self._ended = [], [], []
        price_unit, size_unit, money_unit = self.instrument.price_unit, self.instrument.size_unit, self.instrument.money_unit
        self._places.update((order.value, place) for place, order in enumerate(self._submitted_ids, tape.order_count))
        self._submitted_ids = []
        orders: list[int] = []
        for ts, side, price, size in submitted:
            limit = price.raw // price_unit if price is not None else 0
            orders += ts, 1 if side == OrderSide.BUY else -1, limit, size.raw // size_unit
        tape.add_orders(orders)
        fills: list[int] = []
        for event in filled:
            place = self._place(event.client_order_id)
            ts, sign = tape.submission(place)
            taker = 1
            # An order that ends at once fills when it is submitted, and takes: two questions less to the engine.
            if self._lasting:
                ts, taker = event.ts_event, int(event.liquidity_side == LiquiditySide.TAKER)
            fills += place, ts, sign, event.last_px.raw // price_unit, event.last_qty.raw // size_unit, taker
            fills.append(event.commission.raw // money_unit)
        tape.add_fills(fills)
        for client_order_id, ts, kind, reason in ended:
            tape.end(self._place(client_order_id), ts, kind, reason)

    def _place(self, client_order_id: ClientOrderId) -> int:
        """The place of an order on the tape."""
        text = client_order_id.value
        return int(text[text.rindex("-") + 1 :]) - 1 if self.submits_in_order else self._places[text]

    def _purge_closed(self) -> None:
        """Lets the engine forget closed orders: without it an order keeps 10 kB, with it under 4."""
        cache, ts = self.cache, self._now()
        self._figures.keep(cache)
        cache.purge_closed_orders(ts, 0)
        cache.purge_closed_positions(ts, 0)
        cache.purge_account_events(ts, 0)
        # None of them has anything more to tell; the last one may still be on its way.
        self._places = dict([*self._places.items()][-1:])

    def _close_positions(self) -> list[Any]:
        """Submits what closes the position, as far as whole lots do; returns the orders.

        The engine keeps its position in a double, which loses digits of large sizes: the exact one is the sum of the fills.
        """
        self._write_batch()
        fills, instrument = self.tape.fills, self.instrument
        held = int((fills.quantity.astype(object) * fills.side).sum()) * instrument.size_unit
        size = abs(held) // self._lot * self._lot
        if not size:
            return []
        side = OrderSide.SELL if held > 0 else OrderSide.BUY
        known = sum(position.quantity.raw for position in self.cache.positions_open(instrument_id=instrument.id))
        # Numbered by its place, however the strategy numbers its own.
        named = ClientOrderId(f"CLOSE-{self.tape.order_count + 1}")
        order = self.order_factory.market(
            instrument.id,
            side,
            Quantity.from_raw(size, instrument.engine.size_precision),
            TimeInForce.IOC,
            # The engine cuts such an order down to the position that it knows.
            reduce_only=known >= size,
            client_order_id=named,
        )
        self.submit_order(order)
        return [order]

    def _record_trade(self, trade: Any) -> None:
        tape = self.tape
        if tape.rows >= self._next_batch:
            self._next_batch += self._batch
            self._write_batch()
            if self._purges:
                self._purge_closed()
            # A strategy may leave cycles behind, and nothing else collects during a replay.
            gc.collect(1)
            # All of the rows before this one has happened.
            tape.settled = tape.rows
        tape.rows += 1

    def _record_book_depth(self, depth: Any) -> None:
        self.tape.book_rows += 1

    def _record_order_filled(self, event: Any) -> None:
        self._filled.append(event)

    def _record_order_canceled(self, event: Any) -> None:
        client_order_id = event.client_order_id
        self._ended.append((client_order_id, event.ts_event, "cancelled", self._reason_of_cancel(client_order_id)))

    def _record_order_denied(self, event: Any) -> None:
        self._ended.append((event.client_order_id, event.ts_event, "denied", _reason(event.reason)))

    def _record_order_rejected(self, event: Any) -> None:
        self._ended.append((event.client_order_id, event.ts_event, "rejected", _reason(event.reason)))

    def _record_order_expired(self, event: Any) -> None:
        self._ended.append((event.client_order_id, event.ts_event, "expired", "EXPIRED"))

    def _reason_of_cancel(self, client_order_id: ClientOrderId) -> str:
        """Why the venue cancelled an order or the rest of one; the engine does not say."""
        order = self.cache.order(client_order_id)
        if order.time_in_force not in (TimeInForce.IOC, TimeInForce.FOK):
            return "CANCELLED"
        if self._on_levels and not self.tape.book_rows:
            return "NO_BOOK_YET"
        if order.time_in_force == TimeInForce.FOK:
            return "NOT_FILLABLE_WHOLE"
        return "NO_LIQUIDITY" if order.order_type == OrderType.MARKET else "NO_LIQUIDITY_AT_LIMIT"


def _reason(text: str) -> str:
    """The name of a reason; the engine appends figures after a colon that differ from order to order."""
    return text.partition(":")[0].strip() or "UNKNOWN"


_RECORDS: dict[str, Callable[..., None]] = {
    "on_trade": ReplayStrategy._record_trade,
    "on_book_depth": ReplayStrategy._record_book_depth,
    "on_order_filled": ReplayStrategy._record_order_filled,
    "on_order_canceled": ReplayStrategy._record_order_canceled,
    "on_order_denied": ReplayStrategy._record_order_denied,
    "on_order_rejected": ReplayStrategy._record_order_rejected,
    "on_order_expired": ReplayStrategy._record_order_expired,
}


_RECORDS_OF_EVENTS: dict[type, Callable[..., None]] = {
    OrderFilled: ReplayStrategy._record_order_filled,
    OrderCanceled: ReplayStrategy._record_order_canceled,
    OrderDenied: ReplayStrategy._record_order_denied,
    OrderRejected: ReplayStrategy._record_order_rejected,
    OrderExpired: ReplayStrategy._record_order_expired,
}


def _ignore(self: ReplayStrategy, event: Any) -> None:
    """What a strategy does about an event that it has no callback for."""


for _name, _record in _RECORDS.items():
    setattr(ReplayStrategy, _name, _recorded(_record, _ignore))
