"""The strategy that submits one order for every trade row."""

from typing import Any

from nautilus_trader.model import AggressorSide, OrderSide

from tickreel.engine.copying_strategy import CopyingStrategy
from tickreel.engine.instrument import Instrument
from tickreel.v1 import run_config_pb2


class TempBacktestStrategy(CopyingStrategy):
    """Submits one order for every trade row, with the side of the row's aggressor, its price and its size. The order is an IOC
    limit order, unless the config's order_type and time_in_force say otherwise.

    There are no indicators and no other logic. A row with an unknown aggressor takes its side from the config's `orders` entry.
    If rows need that entry and it has no side, the run is refused before the replay.
    """

    independent_orders = True

    def __init__(self, instrument: Instrument, config: run_config_pb2.RunConfig) -> None:
        super().__init__(instrument, config)
        self._sides = {AggressorSide.BUY: OrderSide.BUY, AggressorSide.SELL: OrderSide.SELL}
        defaults = {"buy": OrderSide.BUY, "sell": OrderSide.SELL}
        orders = config.strategy.orders
        if orders and orders[0].side:
            self._sides[AggressorSide.NO_AGGRESSOR] = defaults[orders[0].side]

    def on_trade(self, trade: Any) -> None:
        self.copy(trade, self._sides[trade.aggressor_side])
