"""Base class of the strategies that Tickreel replays, which records their orders and fills on a tape."""

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
"""Reason of a denied order whose quantity is not a multiple of the instrument's lot size."""
# Rows after which recorded events are written to the tape.
_BATCH = 1_000


def _guarded(method: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a callback so that its error fails the run with a traceback. The engine would swallow the error."""

    @functools.wraps(method)
    def guarded(self: "ReplayStrategy", *args: Any) -> Any:
        try:
            return method(self, *args)
        except BaseException:
            self.tape.error = self.tape.error or traceback.format_exc()
            raise

    return guarded


def _recorded(record: Callable[..., None], method: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a callback so that its event is recorded first, and only once even if overrides call `super()`."""

    # Catches errors like `_guarded`. A second wrapper would cost too much: this runs twice per row.
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

    A subclass:

    - explains itself in its docstring; ListStrategies shows the first line
    - names the `submission_modes` of a config that it supports
    - is constructed with the run's instrument and resolved config
    - submits orders through `submit_order`
    - may override callbacks, which are still recorded; `on_start` and `on_stop` must call `super()`

    An error in a callback fails the run with its traceback.
    """

    submission_modes: ClassVar[tuple[str, ...]] = ("per_trade_tick",)
    parameters_schema: ClassVar[Mapping[str, Any]] = {"type": "object", "properties": {}, "additionalProperties": False}
    """JSON Schema of `strategy.parameters` in a config, with the keywords that docs/REFERENCE.md lists.

    The default allows no parameters.
    """
    purge_every: ClassVar[int] = 0
    """Number of rows after which closed orders are purged from the engine's cache; 0 keeps all, at 10 kB each.

    Set it only if the strategy never looks up its past orders. Where orders may outlive the row at which they were submitted
    (GTC, or latency), nothing is purged.
    """
    independent_orders: ClassVar[bool] = False
    """Whether each order depends on its trade row alone, not on earlier rows. A window may then be replayed in slices."""
    copies_rows: ClassVar[bool] = False
    """Whether it submits at most one order per trade row, at once and with the row's size and price, and never cancels.

    The engine's risk checks can deny such an order only because of the balance or the rate of orders. They are skipped if
    neither is possible.
    """
    submits_in_order: ClassVar[bool] = False
    """Whether it submits every order that it creates, in order of creation.

    The running number in an order's id is then its position on the tape, which needs no lookup.
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
        lot = instrument.engine.lot_size
        assert lot is not None
        self._lot: int = lot.raw
        self._on_levels = config.venue.book_type == "L2_MBP"
        self._lasting = config.venue.HasField("latency") or config.strategy.time_in_force == "GTC"
        self._purges = bool(self.purge_every) and not self._lasting
        self._batch = min(self.purge_every or _BATCH, _BATCH)
        self._next_batch = self._batch
        # The next batch for the tape. It holds values instead of orders: a thousand live order objects slow the engine.
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
        # Bound once: each access to the engine's clock makes a new Python object.
        self._now = self.clock.timestamp_ns
        submit = super().submit_order
        # The engine does not check lots. A lot of the smallest size needs no check.
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
        """Complete the tape, including events of orders after the strategy stopped, which the engine does not report to it.

        An order that would reach the venue after the window stays in flight: there is no data left to match it.

        Args:
            cache: The engine's cache after the replay.
            end: Last instant of the window, UNIX nanoseconds.
            with_balances: Whether the engine kept an account.
        """
        past_end = False
        for client_order_id, recorded in self._open_at_stop.items():
            for event in cache.order(ClientOrderId(client_order_id)).events()[recorded:]:
                record = _RECORDS_OF_EVENTS.get(type(event))
                if event.ts_event > end:
                    past_end = True
                elif record is not None:
                    record(self, event)
        self._write_batch()
        # If the engine continued past the window, its figures cover more events than the tape.
        if not past_end:
            self.tape.reported = self._figures.close(cache, self.tape.fills, with_balances=with_balances)
        self.tape.settled = self.tape.rows

    def drop_cycles(self) -> None:
        """Drop references back to the strategy, so that it is freed without the garbage collector.

        Only the thread that made the engine's objects can free them, and the collector may run in any thread.
        """
        for name in ("_submit", "_now"):
            vars(self).pop(name, None)

    def submit_order(self, order: Any, *args: Any, **options: Any) -> None:
        """Submit an order, and record it."""
        if not self.submits_in_order:
            self._submitted_ids.append(order.client_order_id)
        # Market orders of the engine have no attribute `price`.
        self._submitted.append((self._now(), order.side, getattr(order, "price", None), order.quantity))
        self._submit(order, *args, **options)

    def _submit_in_lots(self, submit: Callable[..., None], order: Any, *args: Any, **options: Any) -> None:
        """Submit an order if its quantity is a multiple of the lot size; otherwise deny it as the risk engine would."""
        if order.quantity.raw % self._lot == 0:
            submit(order, *args, **options)
            return
        self._figures.add_denied()
        now = self._now()
        names = (order.trader_id, order.strategy_id, order.instrument_id, order.client_order_id)
        denied = OrderDenied(*names, NOT_IN_LOTS, UUID4(), now, now)
        self.on_order_denied(denied)
        self.on_order_event(denied)

    def _write_batch(self) -> None:
        """Write recorded events to the tape.

        Events are written in batches: reading an object of the engine costs several times as much between two orders.
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
            # An order that cannot rest fills on submission and takes liquidity, which saves two reads from the engine.
            if self._lasting:
                ts, taker = event.ts_event, int(event.liquidity_side == LiquiditySide.TAKER)
            fills += place, ts, sign, event.last_px.raw // price_unit, event.last_qty.raw // size_unit, taker
            fills.append(event.commission.raw // money_unit)
        tape.add_fills(fills)
        for client_order_id, ts, kind, reason in ended:
            tape.end(self._place(client_order_id), ts, kind, reason)

    def _place(self, client_order_id: ClientOrderId) -> int:
        """Return the position of an order on the tape."""
        text = client_order_id.value
        return int(text[text.rindex("-") + 1 :]) - 1 if self.submits_in_order else self._places[text]

    def _purge_closed(self) -> None:
        """Purge closed orders from the engine's cache. An order then takes less than 4 kB instead of 10."""
        cache, ts = self.cache, self._now()
        self._figures.add_closed(cache)
        cache.purge_closed_orders(ts, 0)
        cache.purge_closed_positions(ts, 0)
        cache.purge_account_events(ts, 0)
        # Closed orders have no further events. The last order may still be in flight.
        self._places = dict([*self._places.items()][-1:])

    def _close_positions(self) -> list[Any]:
        """Submit an order that closes the position as far as whole lots can, and return the submitted orders.

        The engine keeps its position in a double, which loses digits of large sizes. The sum of the fills is exact.
        """
        self._write_batch()
        fills, instrument = self.tape.fills, self.instrument
        held = int((fills.quantity.astype(object) * fills.side).sum()) * instrument.size_unit
        size = abs(held) // self._lot * self._lot
        if not size:
            return []
        side = OrderSide.SELL if held > 0 else OrderSide.BUY
        known = sum(position.quantity.raw for position in self.cache.positions_open(instrument_id=instrument.id))
        # The number is the order's position on the tape, even if the strategy numbers its orders differently.
        named = ClientOrderId(f"CLOSE-{self.tape.order_count + 1}")
        order = self.order_factory.market(
            instrument.id,
            side,
            Quantity.from_raw(size, instrument.engine.size_precision),
            TimeInForce.IOC,
            # The engine reduces a reduce-only order to the position that it knows.
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
            # A strategy may leave reference cycles, and nothing else collects them during a replay.
            gc.collect(1)
            # All events of the rows before this one are on the tape.
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
        """Return why the venue cancelled an order or its remainder. The engine does not say."""
        order = self.cache.order(client_order_id)
        assert order is not None
        if order.time_in_force not in (TimeInForce.IOC, TimeInForce.FOK):
            return "CANCELLED"
        if self._on_levels and not self.tape.book_rows:
            return "NO_BOOK_YET"
        if order.time_in_force == TimeInForce.FOK:
            return "NOT_FILLABLE_WHOLE"
        return "NO_LIQUIDITY" if order.order_type == OrderType.MARKET else "NO_LIQUIDITY_AT_LIMIT"


def _reason(text: str) -> str:
    """Return the name of a reason, without the figures of the order that the engine appends after a colon."""
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
    """Default callback of a strategy."""


for _name, _record in _RECORDS.items():
    setattr(ReplayStrategy, _name, _recorded(_record, _ignore))
