"""Strategies in the manner of the engine's published examples. They import nothing of Tickreel."""

import contextlib
import datetime
from decimal import Decimal
from typing import Any, ClassVar

from nautilus_trader.model import (
    BarType,
    BookType,
    InstrumentId,
    OrderSide,
    Price,
    Quantity,
    TimeInForce,
    TrailingOffsetType,
    TriggerType,
)
from nautilus_trader.trading import Strategy, StrategyConfig


class OneInstrument(StrategyConfig):
    """The config of all strategies here."""

    def __new__(cls, instrument_id: InstrumentId, books: bool = True) -> "OneInstrument":
        return super().__new__(cls)

    def __init__(self, instrument_id: InstrumentId, books: bool = True) -> None:
        self.instrument_id = instrument_id
        self.books = books


class Plain(Strategy):
    """Subscribes to trades, and to books if there are any."""

    size = Quantity.from_str("0.100")

    def __init__(self, config: OneInstrument) -> None:
        super().__init__(config)
        self.id = config.instrument_id
        self.books = config.books
        self.rows = 0

    def on_start(self) -> None:
        self.subscribe_trades(self.id)
        if self.books:
            self.subscribe_book_depth(self.id, BookType.L2_MBP)

    def on_trade(self, trade: Any) -> None:
        self.rows += 1
        self.act(trade)

    def act(self, trade: Any) -> None:
        """Trade."""

    def limit(self, side: OrderSide, price: float, **options: Any) -> Any:
        """Return a limit order of the usual size, at a price rounded to a tick."""
        return self.order_factory.limit(self.id, side, self.size, Price(price, 1), **options)

    def market(self, side: OrderSide) -> Any:
        """Return a market order of the usual size."""
        return self.order_factory.market(self.id, side, self.size)


class GridMaker(Plain):
    """Rests three GTC limit orders on each side, and quotes again every ten rows."""

    def act(self, trade: Any) -> None:
        if self.rows % 10 == 1:
            self.cancel_all_orders(self.id)
            for level in (1, 2, 3):
                self.submit_order(self.limit(OrderSide.BUY, trade.price.as_double() - 0.4 * level))
                self.submit_order(self.limit(OrderSide.SELL, trade.price.as_double() + 0.4 * level, post_only=True))


class EmaCross(Plain):
    """Follows the cross of two moving averages, closes its position at each cross, and everything when it stops."""

    fast = slow = 0.0

    def act(self, trade: Any) -> None:
        price = trade.price.as_double()
        before = self.fast > self.slow
        self.fast = 0.5 * price + 0.5 * (self.fast or price)
        self.slow = 0.1 * price + 0.9 * (self.slow or price)
        if self.rows > 10 and before != (self.fast > self.slow):
            self.close_all_positions(self.id)
            self.submit_order(self.market(OrderSide.SELL if before else OrderSide.BUY))

    def on_stop(self) -> None:
        self.cancel_all_orders(self.id)
        self.close_all_positions(self.id)


class Bracket(Plain):
    """Enters with a bracket every 25 rows."""

    def act(self, trade: Any) -> None:
        if self.rows % 25 == 5:
            price = trade.price.as_double()
            entry = self.order_factory.bracket(
                self.id,
                OrderSide.BUY,
                self.size,
                sl_trigger_price=Price(price - 2, 1),
                tp_price=Price(price + 1, 1),
            )
            self.submit_order_list(entry)


class Modifier(Plain):
    """Moves its resting order after the price, and enlarges it."""

    resting: Any = None

    def act(self, trade: Any) -> None:
        price = trade.price.as_double()
        if self.rows % 20 == 1:
            self.resting = self.limit(OrderSide.BUY, price - 5)
            self.submit_order(self.resting)
        elif self.rows % 20 in (5, 10) and self.cache.is_order_open(self.resting.client_order_id):
            new_price = Price(price - (0.5 if self.rows % 20 == 10 else 3), 1)
            self.modify_order(self.resting.client_order_id, quantity=Quantity.from_str("0.250"), price=new_price)
        elif self.rows % 20 == 15:
            # Two more decimals than the instrument has: the engine refuses the first and denies the second.
            if self.cache.is_order_open(self.resting.client_order_id):
                self.modify_order(self.resting.client_order_id, price=Price(price - 1.125, 3))
            self.submit_order(self.order_factory.limit(self.id, OrderSide.SELL, self.size, Price(price + 1.125, 3)))


class LastMinute(Plain):
    """Holds a position and a resting order at the end, and sends orders of every kind from `on_stop`."""

    def act(self, trade: Any) -> None:
        if self.rows == 20:
            self.submit_order(self.market(OrderSide.BUY))
            self.submit_order(self.limit(OrderSide.BUY, trade.price.as_double() - 100))

    def on_stop(self) -> None:
        self.submit_order(self.market(OrderSide.BUY))
        self.submit_order(self.limit(OrderSide.SELL, 70_000.0))
        self.submit_order(self.limit(OrderSide.BUY, 70_000.0, time_in_force=TimeInForce.IOC))
        self.cancel_all_orders(self.id)
        self.close_all_positions(self.id)


class Emulated(Plain):
    """Sends orders that the engine holds back until the price meets them."""

    def act(self, trade: Any) -> None:
        if self.rows % 30 == 3:
            price = trade.price.as_double() - 0.5
            self.submit_order(self.limit(OrderSide.BUY, price, emulation_trigger=TriggerType.LAST_PRICE))


class Stops(Plain):
    """Sends stop orders, of which some are in the market already, and a market exit at the end."""

    def act(self, trade: Any) -> None:
        price, factory = trade.price.as_double(), self.order_factory
        if self.rows % 40 == 7:
            self.submit_order(factory.stop_market(self.id, OrderSide.BUY, self.size, Price(price + 1, 1)))
            self.submit_order(factory.stop_limit(self.id, OrderSide.SELL, self.size, Price(price - 2, 1), Price(price - 1, 1)))
            self.submit_order(factory.stop_market(self.id, OrderSide.BUY, self.size, Price(price - 5, 1)))
        if self.rows == 300:
            self.market_exit()


class Elsewhere(Plain):
    """Sends an order for an instrument that the run does not have."""

    def act(self, trade: Any) -> None:
        if self.rows == 2:
            other = InstrumentId.from_str("ETH-USDT-PERP.BINANCE-FUTURES")
            self.submit_order(self.order_factory.market(other, OrderSide.BUY, self.size))


class Failing(Plain):
    """Raises an error in the callback that `place` names."""

    place = ""

    def fail(self, place: str) -> None:
        if place == self.place:
            raise LookupError(f"from {place}\nand a second line")

    def on_start(self) -> None:
        super().on_start()
        self.fail("on_start")
        self.clock.set_timer("callback", datetime.timedelta(seconds=2), callback=lambda event: self.fail("timer"))
        self.clock.set_timer("default", datetime.timedelta(seconds=3))

    def act(self, trade: Any) -> None:
        if self.rows == 2:
            self.submit_order(self.market(OrderSide.BUY))
        if self.rows == 4:
            self.fail("on_trade")

    def on_time_event(self, event: Any) -> None:
        self.fail("on_time_event")

    def on_book_depth(self, depth: Any) -> None:
        if self.rows == 2:
            self.fail("on_book_depth")

    def on_order_event(self, event: Any) -> None:
        self.fail("on_order_event")

    def on_order_filled(self, event: Any) -> None:
        self.fail("on_order_filled")

    def on_position_opened(self, event: Any) -> None:
        self.fail("on_position_opened")

    def on_stop(self) -> None:
        self.fail("on_stop")


class Talking(Strategy):
    """Logs at every level. Its constructor has parameters of its own, and does not call the engine's."""

    def __init__(self, instrument_id: InstrumentId, after: int, *, text: str = "") -> None:
        self.id, self.after, self.text = instrument_id, after, text
        self.rows = 0
        self.log.info("made")
        print("made, too")

    def on_start(self) -> None:
        self.subscribe_trades(self.id)

    def on_trade(self, trade: Any) -> None:
        self.rows += 1
        if self.rows == self.after:
            print("printed\nin one")
            self.log.debug("a detail")
            self.log.info("some news")
            self.log.warning("a warning")
            self.log.error(self.text)
            try:
                raise ValueError("no value")
            except ValueError:
                self.log.exception("caught")


class Watching(Plain):
    """Subscribes to an instrument that the run does not have, by the method that `subscription` names."""

    subscription = ""

    def on_start(self) -> None:
        other = "ETH-USDT-PERP.BINANCE-FUTURES"
        subscribe = getattr(self, self.subscription)
        if self.subscription == "subscribe_bars":
            subscribe(BarType.from_str(f"{other}-1-MINUTE-LAST-INTERNAL"))
        elif self.subscription.startswith("subscribe_book"):
            options = {"interval_ms": 100} if self.subscription == "subscribe_book_at_interval" else {}
            subscribe(instrument_id=InstrumentId.from_str(other), book_type=BookType.L2_MBP, **options)
        else:
            subscribe(InstrumentId.from_str(other))


class Busy(Modifier, Bracket, Emulated, Stops):
    """Does what several others do, and reverses its position from time to time. It needs no books."""

    def on_start(self) -> None:
        self.subscribe_trades(self.id)

    def act(self, trade: Any) -> None:
        for part in (Modifier, Bracket, Emulated):
            part.act(self, trade)
        if self.rows != 300:
            # Without the market exit.
            Stops.act(self, trade)
        if self.rows % 40 == 20:
            # Reverses a long position, and closes a short one.
            held = float(self.portfolio.net_position(self.id))
            size, side = abs(held) + (0.2 if held > 0 else 0), OrderSide.SELL if held > 0 else OrderSide.BUY
            if size:
                self.submit_order(self.order_factory.market(self.id, side, Quantity(size, 3), tags=["REVERSE", "BUSY"]))


class Scripted(Plain):
    """Executes commands: (row, operation, side, steps, size). A row of -1 is `on_stop`.

    A command that the engine refuses by an exception is skipped.
    """

    commands: ClassVar[list[list[int]]] = []

    def __init__(self, config: OneInstrument) -> None:
        super().__init__(config)
        self.sent: list[Any] = []
        self.price = 64_000.0

    def act(self, trade: Any) -> None:
        self.price = trade.price.as_double()
        self.execute(self.rows)

    def on_stop(self) -> None:
        self.execute(-1)

    def execute(self, row: int) -> None:
        for at, operation, side, steps, size in self.commands:
            if at == row:
                with contextlib.suppress(ValueError, RuntimeError):
                    OPERATIONS[operation % len(OPERATIONS)](self, OrderSide.BUY if side else OrderSide.SELL, steps, size)

    def send(self, order: Any) -> None:
        self.sent.append(order)
        self.submit_order(order)

    def at(self, steps: float) -> Price:
        """Return the price this many steps of 0.2 from the last one."""
        return Price(self.price + 0.2 * steps, 1)

    def chosen(self, steps: int) -> Any:
        """Return the id of one of the orders sent so far."""
        return self.sent[steps % len(self.sent)].client_order_id

    def plain_market(self, side: OrderSide, steps: int, size: int) -> None:
        self.send(self.order_factory.market(self.id, side, lots(size)))

    def plain_limit(self, side: OrderSide, steps: int, size: int) -> None:
        in_force = (TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK)[size % 3]
        self.send(self.order_factory.limit(self.id, side, lots(size), self.at(steps), in_force))

    def flagged_limit(self, side: OrderSide, steps: int, size: int) -> None:
        passive = size % 2 == 0
        order = self.order_factory.limit(self.id, side, lots(size), self.at(steps), post_only=passive, reduce_only=not passive)
        self.send(order)

    def expiring_limit(self, side: OrderSide, steps: int, size: int) -> None:
        expire = self.clock.timestamp_ns() + size * 100_000_000
        self.send(self.order_factory.limit(self.id, side, lots(size), self.at(steps), TimeInForce.GTD, expire_time=expire))

    def stop_market(self, side: OrderSide, steps: int, size: int) -> None:
        self.send(self.order_factory.stop_market(self.id, side, lots(size), self.at(steps)))

    def stop_limit(self, side: OrderSide, steps: int, size: int) -> None:
        self.send(self.order_factory.stop_limit(self.id, side, lots(size), self.at(steps - 1), self.at(steps)))

    def if_touched(self, side: OrderSide, steps: int, size: int) -> None:
        self.send(self.order_factory.market_if_touched(self.id, side, lots(size), self.at(steps)))

    def trailing(self, side: OrderSide, steps: int, size: int) -> None:
        self.send(
            self.order_factory.trailing_stop_market(
                self.id,
                side,
                lots(size),
                trailing_offset=Decimal(abs(steps) + 1) / 10,
                trailing_offset_type=TrailingOffsetType.PRICE,
                trigger_type=TriggerType.LAST_PRICE,
            )
        )

    def emulated(self, side: OrderSide, steps: int, size: int) -> None:
        trigger = TriggerType.LAST_PRICE
        self.send(self.order_factory.limit(self.id, side, lots(size), self.at(steps), emulation_trigger=trigger))

    def bracket(self, side: OrderSide, steps: int, size: int) -> None:
        away = (abs(steps) + 2) * (1 if side == OrderSide.BUY else -1)
        orders = self.order_factory.bracket(self.id, side, lots(size), sl_trigger_price=self.at(-away), tp_price=self.at(away))
        self.submit_order_list(orders)

    def modify(self, side: OrderSide, steps: int, size: int) -> None:
        if self.sent:
            self.modify_order(self.chosen(steps), quantity=lots(size), price=self.at(steps))

    def cancel(self, side: OrderSide, steps: int, size: int) -> None:
        if self.sent:
            self.cancel_order(self.chosen(steps))

    def cancel_all(self, side: OrderSide, steps: int, size: int) -> None:
        self.cancel_all_orders(self.id)

    def close_all(self, side: OrderSide, steps: int, size: int) -> None:
        self.close_all_positions(self.id)

    def leave(self, side: OrderSide, steps: int, size: int) -> None:
        self.market_exit()


OPERATIONS = (
    Scripted.plain_market,
    Scripted.plain_limit,
    Scripted.flagged_limit,
    Scripted.expiring_limit,
    Scripted.stop_market,
    Scripted.stop_limit,
    Scripted.if_touched,
    Scripted.trailing,
    Scripted.emulated,
    Scripted.bracket,
    Scripted.modify,
    Scripted.cancel,
    Scripted.cancel_all,
    Scripted.close_all,
    Scripted.leave,
)


def lots(size: int) -> Quantity:
    """Return a size in lots of 0.025."""
    return Quantity(0.025 * size, 3)
