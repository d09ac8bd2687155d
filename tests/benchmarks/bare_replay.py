"""Baseline of bench_replay.py: a script as one writes it by hand from the engine's examples. Do not improve it.

usage: bare_replay.py CATALOG INSTRUMENT_ID
"""

import sys
from decimal import Decimal

from nautilus_trader.backtest import (
    BacktestDataConfig,
    BacktestEngineConfig,
    BacktestNode,
    BacktestRunConfig,
    BacktestVenueConfig,
)
from nautilus_trader.common import LoggerConfig
from nautilus_trader.execution import MakerTakerFeeModel
from nautilus_trader.model import (
    AggressorSide,
    Currency,
    InstrumentId,
    NautilusDataType,
    OrderFilled,
    OrderSide,
    TimeInForce,
    TradeTick,
)
from nautilus_trader.risk import RiskEngineConfig
from nautilus_trader.trading import Strategy

CATALOG, INSTRUMENT = sys.argv[1], InstrumentId.from_str(sys.argv[2])


class CopyTrades(Strategy):
    def on_start(self) -> None:
        self.fills = 0
        self.subscribe_trades(INSTRUMENT)

    def on_trade(self, trade: TradeTick) -> None:
        side = OrderSide.BUY if trade.aggressor_side == AggressorSide.BUY else OrderSide.SELL
        self.submit_order(self.order_factory.limit(INSTRUMENT, side, trade.size, trade.price, time_in_force=TimeInForce.IOC))

    def on_order_filled(self, event: OrderFilled) -> None:
        self.fills += 1


fees = MakerTakerFeeModel(Decimal("0.0002"), Decimal("0.0004"))
usdt = Currency.from_str("USDT")
venue = BacktestVenueConfig(str(INSTRUMENT.venue), "NETTING", "MARGIN", ["1000000000 USDT"], base_currency=usdt, fee_model=fees)
data = BacktestDataConfig(NautilusDataType.TradeTick, CATALOG, instrument_id=INSTRUMENT)
risk = RiskEngineConfig(max_order_submit_rate="1000000/00:00:01")
engine = BacktestEngineConfig(logging=LoggerConfig(bypass_logging=True), risk_engine=risk)
node = BacktestNode([BacktestRunConfig([venue], [data], engine, id="run", chunk_size=50_000, dispose_on_completion=False)])
node.build()
strategy = CopyTrades()
node.add_strategy("run", strategy)
node.run()
print(strategy.fills)
