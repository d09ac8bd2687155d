"""The strategy that copies the tape: one order for every trade row."""

from typing import Any

from nautilus_trader.model import AggressorSide, OrderSide, TimeInForce

from tickreel.engine.strategy import ReplayStrategy


class TempBacktestStrategy(ReplayStrategy):
    """For every trade row one limit order: the side of its aggressor, its price, its size; what cannot fill at once is
    cancelled.

    No indicators and no other logic. A row whose aggressor is unknown takes its side from the config's `orders` entry; a
    run whose rows need one and have none is refused before it starts.
    """

    purge_every = 1_000

    def on_start(self) -> None:
        super().on_start()
        self._limit = self.order_factory.limit
        defaults = self.strategy_config.orders
        self._sides = {AggressorSide.BUY: OrderSide.BUY, AggressorSide.SELL: OrderSide.SELL}
        self._default_side = {"buy": OrderSide.BUY, "sell": OrderSide.SELL}.get(defaults[0].side if defaults else "")

    def on_trade(self, trade: Any) -> None:
        side = self._sides.get(trade.aggressor_side, self._default_side)
        self.submit_order(self._limit(self.instrument.id, side, trade.size, trade.price, TimeInForce.IOC))
