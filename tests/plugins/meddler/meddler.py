"""A strategy that runs a command at one trade, so that a test can change files at a known point of a replay."""

import subprocess
from typing import Any, ClassVar

from tickreel.runner.strategies.temp_backtest import TempBacktestStrategy


class Meddler(TempBacktestStrategy):
    """Copies every trade row. Runs a shell command before the row with a given trade id."""

    parameters_schema: ClassVar = {
        "type": "object",
        "properties": {"at": {"type": "string"}, "command": {"type": "string"}},
        "required": ["at", "command"],
        "additionalProperties": False,
    }

    def on_trade(self, trade: Any) -> None:
        if str(trade.trade_id) == self.parameters["at"]:
            subprocess.run(self.parameters["command"], shell=True, check=True)
        super().on_trade(trade)
