"""The strategy that copies the tape: one order for every trade row."""

import itertools
from collections.abc import Iterator
from typing import Any

from nautilus_trader.model import AggressorSide, ClientOrderId, OrderSide, TimeInForce

from tickreel.engine.strategy import ReplayStrategy


class TempBacktestStrategy(ReplayStrategy):
    """For every trade row one order: the side of its aggressor, its price, its size. An order is a limit order that ends at
    once, unless the config's order_type and time_in_force say otherwise.

    No indicators and no other logic. A row whose aggressor is unknown takes its side from the config's `orders` entry; a
    run whose rows need one and have none is refused before it starts.
    """

    purge_every = 1_000
    independent_orders = True
    copies_rows = True
    submits_in_order = True

    def on_start(self) -> None:
        super().on_start()
        strategy = self.run_config.strategy
        self._limit, self._market = self.order_factory.limit, self.order_factory.market
        self._at_market = strategy.order_type == "MARKET"
        self._time_in_force = getattr(TimeInForce, strategy.time_in_force)
        self._id = self.instrument.id
        self._names = _names()
        self._sides = {AggressorSide.BUY: OrderSide.BUY, AggressorSide.SELL: OrderSide.SELL}
        defaults = {"buy": OrderSide.BUY, "sell": OrderSide.SELL}
        self._default_side = defaults.get(strategy.orders[0].side if strategy.orders else "")

    def on_trade(self, trade: Any) -> None:
        side = self._sides.get(trade.aggressor_side, self._default_side)
        price, size = trade.price, trade.size
        named = next(self._names)
        if self._at_market:
            order, price = self._market(self._id, side, size, self._time_in_force, client_order_id=named), None
        else:
            order = self._limit(self._id, side, size, price, self._time_in_force, client_order_id=named)
        # As submit_order does, which would ask the order for what is at hand here; this is done for every row of a recording.
        self._submitted.append((trade.ts_init, side, price, size))
        self._submit(order)


# The ids of the first orders, for all replays of this process.
_NAMES: list[ClientOrderId] = []
_KEPT = 32_768


def _names() -> Iterator[ClientOrderId]:
    """Ids for the orders of a replay, in order.

    Not those of the order factory: they have the time in them, and the engine keeps the text of every id for as long as its
    process lives.
    """
    yield from _NAMES
    for number in itertools.count(len(_NAMES) + 1):
        name = ClientOrderId(f"O-{number}")
        if number <= _KEPT:
            _NAMES.append(name)
        yield name
