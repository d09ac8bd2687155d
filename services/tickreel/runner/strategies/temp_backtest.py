"""The strategy that submits one order for every trade row."""

import itertools
from collections.abc import Iterator
from typing import Any

from nautilus_trader.model import AggressorSide, ClientOrderId, OrderSide, TimeInForce

from tickreel.engine.strategy import ReplayStrategy


class TempBacktestStrategy(ReplayStrategy):
    """Submits one order for every trade row, with the side of the row's aggressor, its price and its size. The order is an IOC
    limit order, unless the config's order_type and time_in_force say otherwise.

    There are no indicators and no other logic. A row with an unknown aggressor takes its side from the config's `orders` entry.
    If rows need that entry and it has no side, the run is refused before the replay.
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
        if strategy.orders and strategy.orders[0].side:
            self._sides[AggressorSide.NO_AGGRESSOR] = defaults[strategy.orders[0].side]

    def on_trade(self, trade: Any) -> None:
        side = self._sides[trade.aggressor_side]
        price, size = trade.price, trade.size
        named = next(self._names)
        if self._at_market:
            order, price = self._market(self._id, side, size, self._time_in_force, client_order_id=named), None
        else:
            order = self._limit(self._id, side, size, price, self._time_in_force, client_order_id=named)
        # The same as submit_order, which would read these values back from the order. This runs for every row, so it is short.
        self._submitted.append((trade.ts_init, side, price, size))
        self._submit(order)


# The order ids that all replays of this process share.
_NAMES: list[ClientOrderId] = []
_KEPT = 32_768


def _names() -> Iterator[ClientOrderId]:
    """Yield order ids for a replay: O-1, O-2, ...

    Ids of the order factory contain the time. The engine keeps the text of every id until its process ends, so new ids for
    every replay would use up memory.
    """
    yield from _NAMES
    for number in itertools.count(len(_NAMES) + 1):
        name = ClientOrderId(f"O-{number}")
        if number <= _KEPT:
            _NAMES.append(name)
        yield name
