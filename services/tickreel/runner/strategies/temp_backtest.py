"""The strategy that copies the tape: one order for every trade row."""

from typing import Any

from nautilus_trader.model import AggressorSide, OrderSide, TimeInForce

from tickreel.engine.strategy import ReplayStrategy


class TempBacktestStrategy(ReplayStrategy):
    """For every trade row one order: the side of its aggressor, its price, its size. An order is a limit order that ends at
    once, unless the config's order_type and time_in_force say otherwise.

    No indicators and no other logic. A row whose aggressor is unknown takes its side from the config's `orders` entry; a
    run whose rows need one and have none is refused before it starts.
    """

    purge_every = 1_000
    independent_orders = True
    submits_in_order = True

    def on_start(self) -> None:
        super().on_start()
        strategy, instrument = self.run_config.strategy, self.instrument
        self._limit, self._market = self.order_factory.limit, self.order_factory.market
        self._at_market = strategy.order_type == "MARKET"
        self._time_in_force = getattr(TimeInForce, strategy.time_in_force)
        self._id, self._price_unit, self._size_unit = instrument.id, instrument.price_unit, instrument.size_unit
        buys, sells = (OrderSide.BUY, 1), (OrderSide.SELL, -1)
        self._sides = {AggressorSide.BUY: buys, AggressorSide.SELL: sells}
        self._default_side = {"buy": buys, "sell": sells}.get(strategy.orders[0].side if strategy.orders else "")

    def on_trade(self, trade: Any) -> None:
        side, sign = self._sides.get(trade.aggressor_side, self._default_side)
        price, size = trade.price, trade.size
        # What submit_order would ask the order for is known here; this is done once for every row of a recording.
        if self._at_market:
            limit, order = 0, self._market(self._id, side, size, self._time_in_force)
        else:
            limit, order = price.raw // self._price_unit, self._limit(self._id, side, size, price, self._time_in_force)
        self.tape.order((trade.ts_init, sign, limit, size.raw // self._size_unit))
        self._submit(order)
        if self._purge_every and not self.tape.rows % self._purge_every:
            self.purge_closed()
