"""Strategies that ask the engine about their account. They import nothing of Tickreel."""

import datetime
from collections.abc import Callable
from typing import Any

from nautilus_trader.model import AccountId, OrderSide, Price, Quantity

from plain_strategies import OneInstrument, Plain

PORTFOLIO = (
    "balances_locked",
    "instrument_initial_margins",
    "instrument_maintenance_margins",
    "realized_pnls",
    "unrealized_pnls",
    "total_pnls",
    "net_exposures",
    "mark_values",
    "equity",
    "is_completely_net_flat",
)
OF_INSTRUMENT = (
    "realized_pnl",
    "unrealized_pnl",
    "total_pnl",
    "net_exposure",
    "net_position",
    "is_net_long",
    "is_net_short",
    "is_net_flat",
)
ACCOUNT = (
    "balances_total",
    "balances_free",
    "balances_locked",
    "starting_balances",
    "event_count",
    "base_currency",
    "margins",
    "account_margins",
    "initial_margins",
    "maintenance_margins",
    "leverages",
    "default_leverage",
)
POSITION = (
    "id",
    "side",
    "quantity",
    "avg_px_open",
    "avg_px_close",
    "realized_pnl",
    "realized_return",
    "peak_qty",
    "event_count",
)
CACHE = (
    "orders_open_count",
    "orders_closed_count",
    "orders_inflight_count",
    "positions_open_count",
    "positions_closed_count",
    "positions_total_count",
)


class Accountant(Plain):
    """Trades, and notes every answer about its account at every callback.

    Attributes:
        answers: For each callback its name, and the answers to all questions as texts.
    """

    def __init__(self, config: OneInstrument) -> None:
        super().__init__(config)
        self.answers: list[list[str]] = []
        self.account_id = AccountId(f"{self.id.venue}-001")

    def on_start(self) -> None:
        super().on_start()
        self.clock.set_timer("look", datetime.timedelta(milliseconds=3_700), callback=lambda _: self.look("timer"))
        self.look("start")

    def act(self, trade: Any) -> None:
        self.look("trade")
        price, rows = trade.price.as_double(), self.rows
        if rows % 7 == 1:
            self.submit_order(self.market(OrderSide.BUY if rows % 3 else OrderSide.SELL))
        if rows % 11 == 2:
            self.submit_order(self.limit(OrderSide.SELL, price + 0.6))
            self.submit_order(self.limit(OrderSide.BUY, price - 0.6))
        if rows % 23 == 5:
            self.cancel_all_orders(self.id)
        if rows % 31 == 6:
            self.close_some()
        if rows % 13 == 3:
            # Beyond what most accounts can bear.
            self.submit_order(self.order_factory.limit(self.id, OrderSide.BUY, Quantity(30, 3), Price(price + 5, 1)))

    def close_some(self) -> None:
        """Close a part of the position."""
        self.close_all_positions(self.id)

    def on_order_filled(self, event: Any) -> None:
        self.look("filled")

    def on_order_denied(self, event: Any) -> None:
        self.look("denied")

    def on_order_accepted(self, event: Any) -> None:
        self.look("accepted")

    def on_order_canceled(self, event: Any) -> None:
        self.look("canceled")

    def on_position_opened(self, event: Any) -> None:
        self.look("opened")

    def on_position_changed(self, event: Any) -> None:
        self.look("changed")

    def on_position_closed(self, event: Any) -> None:
        self.look("closed")

    def on_stop(self) -> None:
        self.look("stop")

    def look(self, callback: str) -> None:
        found = [f"{callback} {self.clock.timestamp_ns()}"]
        account, portfolio, cache = self.cache.account(self.account_id), self.portfolio, self.cache
        found += [f"account.{name} {_text(getattr(account, name, None))}" for name in ACCOUNT]
        found += [f"portfolio.{name} {_answer(getattr(portfolio, name), account_id=self.account_id)}" for name in PORTFOLIO]
        found += [f"portfolio.{name} {_answer(getattr(portfolio, name), self.id)}" for name in OF_INSTRUMENT]
        found += [f"cache.{name} {getattr(cache, name)()}" for name in CACHE]
        for position in sorted(cache.positions(), key=lambda position: str(position.id)):
            found += [f"position.{name} {getattr(position, name)}" for name in POSITION]
        instrument = cache.instrument(self.id)
        found += [f"instrument {instrument and instrument.to_dict()}"] if callback == "start" else []
        self.answers.append(found)


class Hedger(Accountant):
    """Closes one position of several."""

    def close_some(self) -> None:
        held = sorted(self.cache.positions_open(), key=lambda position: str(position.id))
        for position in held[:2]:
            self.close_position(position)


class Sinking(Accountant):
    """Buys in the first rows, as much as the book shows, and holds."""

    def act(self, trade: Any) -> None:
        self.look("trade")
        if 2 <= self.rows < 12:
            self.submit_order(self.order_factory.market(self.id, OrderSide.BUY, Quantity.from_str("0.700")))


class Reverser(Plain):
    """Opens two positions, and sells more than one of them."""

    def act(self, trade: Any) -> None:
        if self.rows in (2, 3):
            self.submit_order(self.market(OrderSide.BUY))
        if self.rows == 4:
            (first, _) = sorted(self.cache.positions_open(), key=lambda position: str(position.id))
            self.submit_order(self.order_factory.market(self.id, OrderSide.SELL, Quantity.from_str("0.300")), first.id)


def _answer(ask: Callable[..., object], *args: object, **options: object) -> str:
    try:
        return _text(ask(*args, **options))
    except (TypeError, ValueError, RuntimeError) as error:
        return repr(error)


def _text(value: object) -> str:
    value = value() if callable(value) else value
    if isinstance(value, dict):
        return str(sorted((str(key), _text(item)) for key, item in value.items()))
    return str(value)
