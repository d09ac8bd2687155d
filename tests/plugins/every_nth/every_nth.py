"""An example of a strategy in a separate package."""

from typing import Any, ClassVar

from nautilus_trader.model import AggressorSide, OrderSide, TimeInForce

from tickreel.engine.strategy import ReplayStrategy

_SIDES = {AggressorSide.BUY: "buy", AggressorSide.SELL: "sell"}


class EveryNth(ReplayStrategy):
    """Submits one order for every nth trade row of the chosen sides. The order copies the row."""

    parameters_schema: ClassVar = {
        "type": "object",
        "properties": {
            "n": {"type": "integer", "minimum": 1, "description": "How many rows come to one order."},
            "side": {
                "enum": ["buy", "sell", "both"],
                "default": "both",
                "description": "The rows that count, by their aggressor.",
            },
        },
        "required": ["n"],
        "additionalProperties": False,
    }

    def on_start(self) -> None:
        super().on_start()
        self._n, self._side = self.parameters["n"], self.parameters["side"]
        self._rows = 0
        print(f"one order every {self._n} rows, side: {self._side}", flush=True)

    def on_trade(self, trade: Any) -> None:
        side = _SIDES.get(trade.aggressor_side)
        if side is None or self._side not in (side, "both"):
            return
        self._rows += 1
        if self._rows % self._n == 0:
            order_side = OrderSide.BUY if side == "buy" else OrderSide.SELL
            self.submit_order(
                self.order_factory.limit(self.instrument.id, order_side, trade.size, trade.price, TimeInForce.IOC)
            )
