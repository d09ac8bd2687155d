"""Strategies in the manner of the engine's published examples. They import nothing of Tickreel."""

import datetime
from decimal import Decimal
from typing import Any

from nautilus_trader.indicators import AverageTrueRange, DonchianChannel, ExponentialMovingAverage
from nautilus_trader.model import (
    BarType,
    BookType,
    OrderSide,
    Price,
    Quantity,
    TimeInForce,
    TrailingOffsetType,
    TriggerType,
)
from nautilus_trader.trading import Strategy

from plain_strategies import OneInstrument


class Published(Strategy):
    """What the strategies share: the instrument, and prices and sizes in its precision."""

    def __init__(self, config: OneInstrument) -> None:
        super().__init__(config)
        self.id = config.instrument_id
        self.instrument: Any = None

    def on_start(self) -> None:
        self.instrument = self.cache.instrument(self.id)
        self.begin()

    def begin(self) -> None:
        """Subscribe, and make indicators."""

    def bars(self, step: str) -> BarType:
        """Subscribe to bars that the engine makes of trades."""
        bar_type = BarType.from_str(f"{self.id}-{step}-LAST-INTERNAL")
        self.subscribe_bars(bar_type)
        return bar_type

    def price(self, value: float) -> Price:
        """Return a price on the grid."""
        made: Price = self.instrument.make_price(value)
        return made

    @property
    def size(self) -> Quantity:
        """The usual size: ten smallest units."""
        unit = self.instrument.size_increment
        return Quantity.from_raw(10 * unit.raw, unit.precision)

    def held(self) -> Decimal:
        """Return the net position."""
        return Decimal(str(self.portfolio.net_position(self.id)))

    def on_stop(self) -> None:
        self.cancel_all_orders(self.id)
        self.close_all_positions(self.id)


class EmaCross(Published):
    """Follows the cross of two moving averages of bars, and reverses its position at each."""

    def begin(self) -> None:
        self.fast, self.slow = ExponentialMovingAverage(5), ExponentialMovingAverage(12)
        bar_type = self.bars("10-SECOND")
        self.register_indicator_for_bars(bar_type, self.fast)
        self.register_indicator_for_bars(bar_type, self.slow)

    def on_bar(self, bar: Any) -> None:
        if not self.indicators_initialized():
            return
        if self.fast.value >= self.slow.value and self.held() <= 0:
            self.turn(OrderSide.BUY)
        elif self.fast.value < self.slow.value and self.held() >= 0:
            self.turn(OrderSide.SELL)

    def turn(self, side: OrderSide) -> None:
        self.close_all_positions(self.id)
        self.submit_order(self.order_factory.market(self.id, side, self.size))


class BracketCross(Published):
    """Enters at a cross with a bracket whose stop and target are multiples of the true range."""

    def begin(self) -> None:
        self.fast, self.slow, self.range = ExponentialMovingAverage(4), ExponentialMovingAverage(9), AverageTrueRange(6)
        bar_type = self.bars("15-SECOND")
        for indicator in (self.fast, self.slow, self.range):
            self.register_indicator_for_bars(bar_type, indicator)
        self.rising = False

    def on_bar(self, bar: Any) -> None:
        if not self.indicators_initialized():
            return
        before, self.rising = self.rising, self.fast.value >= self.slow.value
        if before == self.rising or self.held() != 0 or self.cache.orders_open(instrument_id=self.id):
            return
        price = bar.close.as_double()
        away = max(self.range.value, self.instrument.price_increment.as_double()) * (1 if self.rising else -1)
        orders = self.order_factory.bracket(
            self.id,
            OrderSide.BUY if self.rising else OrderSide.SELL,
            self.size,
            sl_trigger_price=self.price(price - 2 * away),
            tp_price=self.price(price + 1.5 * away),
        )
        self.submit_order_list(orders)


class TrailingStop(Published):
    """Enters when the price leaves its channel, and leaves by a trailing stop that it sends when the position opens."""

    def begin(self) -> None:
        self.channel = DonchianChannel(8)
        self.register_indicator_for_bars(self.bars("10-SECOND"), self.channel)
        self.upper = self.lower = 0.0

    def on_bar(self, bar: Any) -> None:
        upper, lower = self.upper, self.lower
        self.upper, self.lower = self.channel.upper, self.channel.lower
        if not self.channel.initialized or not upper or self.held() != 0:
            return
        if bar.close.as_double() > upper:
            self.submit_order(self.order_factory.market(self.id, OrderSide.BUY, self.size))
        elif bar.close.as_double() < lower:
            self.submit_order(self.order_factory.market(self.id, OrderSide.SELL, self.size))

    def on_position_opened(self, event: Any) -> None:
        side = OrderSide.SELL if event.entry == OrderSide.BUY else OrderSide.BUY
        stop = self.order_factory.trailing_stop_market(
            self.id,
            side,
            self.size,
            trailing_offset=8 * self.instrument.price_increment.as_decimal(),
            trailing_offset_type=TrailingOffsetType.PRICE,
            trigger_type=TriggerType.LAST_PRICE,
            reduce_only=True,
            tags=["TRAIL"],
        )
        self.submit_order(stop)


class GridMaker(Published):
    """Rests a grid of post-only orders around the mid, shifted against its inventory, and places it anew when the mid moves."""

    mid = 0.0

    def begin(self) -> None:
        self.subscribe_book_depth(self.id, BookType.L2_MBP)

    def on_book_depth(self, depth: Any) -> None:
        if not depth.bids or not depth.asks:
            return
        mid = (depth.bids[0].price.as_double() + depth.asks[0].price.as_double()) / 2
        tick = self.instrument.price_increment.as_double()
        if abs(mid - self.mid) < 4 * tick:
            return
        self.mid = mid
        self.cancel_all_orders(self.id)
        skewed = mid - tick * float(self.held() / self.size.as_decimal())
        expire = self.clock.timestamp_ns() + 60 * 1_000_000_000
        for level in (1, 2, 3):
            for side, sign in ((OrderSide.BUY, -1), (OrderSide.SELL, 1)):
                order = self.order_factory.limit(
                    self.id,
                    side,
                    self.size,
                    self.price(skewed + sign * level * 2 * tick),
                    TimeInForce.GTD,
                    expire_time=expire,
                    post_only=True,
                )
                self.submit_order(order)


class VolatilityMaker(Published):
    """Quotes both sides at a multiple of the true range, and moves its quotes with each bar."""

    def begin(self) -> None:
        self.range = AverageTrueRange(5)
        self.register_indicator_for_bars(self.bars("5-SECOND"), self.range)
        self.quotes: dict[OrderSide, Any] = {}

    def on_bar(self, bar: Any) -> None:
        if not self.range.initialized:
            return
        away = max(self.range.value, self.instrument.price_increment.as_double())
        for side, sign in ((OrderSide.BUY, -1), (OrderSide.SELL, 1)):
            price, quote = self.price(bar.close.as_double() + sign * away), self.quotes.get(side)
            if quote is not None and self.cache.is_order_open(quote.client_order_id):
                # The engine raises an error for a modification that changes nothing.
                known: Any = self.cache.order(quote.client_order_id)
                if known.price != price:
                    self.modify_order(quote.client_order_id, price=price)
            else:
                self.quotes[side] = self.order_factory.limit(self.id, side, self.size, price, post_only=True)
                self.submit_order(self.quotes[side])

    def on_order_filled(self, event: Any) -> None:
        if abs(self.held()) > 5 * self.size.as_decimal():
            self.close_all_positions(self.id)


class BookImbalance(Published):
    """Takes from the thin side of the book with a fill-or-kill order, at most once a second."""

    last = 0

    def begin(self) -> None:
        self.subscribe_book_depth(self.id, BookType.L2_MBP)

    def on_book_depth(self, depth: Any) -> None:
        if not depth.bids or not depth.asks or depth.ts_init < self.last + 1_000_000_000:
            return
        bid, ask = depth.bids[0], depth.asks[0]
        smaller, larger = sorted((bid.size.as_double(), ask.size.as_double()))
        if larger and smaller / larger < 0.2:
            self.last = depth.ts_init
            buys = bid.size.as_double() > ask.size.as_double()
            taken = ask if buys else bid
            side = OrderSide.BUY if buys else OrderSide.SELL
            self.submit_order(self.order_factory.limit(self.id, side, self.size, taken.price, TimeInForce.FOK))


class Timeframes(Published):
    """Follows the trend of long bars with entries of short ones, which a timer cancels; ends with a market exit."""

    def begin(self) -> None:
        self.long, self.short = ExponentialMovingAverage(3), ExponentialMovingAverage(6)
        self.minute, self.ticks, self.seconds = self.bars("1-MINUTE"), self.bars("50-TICK"), self.bars("10-SECOND")
        self.register_indicator_for_bars(self.minute, self.long)
        self.register_indicator_for_bars(self.seconds, self.short)
        self.trend = 0
        self.clock.set_timer("stale", datetime.timedelta(seconds=45))

    def on_bar(self, bar: Any) -> None:
        price, tick = bar.close.as_double(), self.instrument.price_increment.as_double()
        if bar.bar_type == self.minute:
            self.trend = 1 if price >= self.long.value else -1
        elif bar.bar_type == self.ticks:
            side = OrderSide.SELL if self.held() > 0 else OrderSide.BUY
            if self.held() != 0:
                target = self.price(price + (3 if self.held() > 0 else -3) * tick)
                self.submit_order(self.order_factory.limit(self.id, side, self.size, target, reduce_only=True))
        elif self.trend and self.short.initialized and not self.cache.orders_open(instrument_id=self.id):
            side = OrderSide.BUY if self.trend > 0 else OrderSide.SELL
            trigger = self.price(price + 2 * self.trend * tick)
            limit = self.price(price + 4 * self.trend * tick)
            self.submit_order(self.order_factory.stop_limit(self.id, side, self.size, limit, trigger))

    def on_time_event(self, event: Any) -> None:
        self.cancel_all_orders(self.id)

    def on_stop(self) -> None:
        self.market_exit()


STRATEGIES: tuple[type[Published], ...] = (
    EmaCross,
    BracketCross,
    TrailingStop,
    GridMaker,
    VolatilityMaker,
    BookImbalance,
    Timeframes,
)
