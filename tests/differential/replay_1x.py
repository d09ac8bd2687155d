"""The replay of one IOC limit order per trade row by NautilusTrader 1.231.0, as its users write it. Do not improve it.

    replay_1x.py prepare ROWS CATALOG INSTRUMENT_ID PRICE_PRECISION SIZE_PRECISION
    replay_1x.py replay CATALOG INSTRUMENT_ID FILLS

It runs in an environment of its own, see `make differential`. ROWS is a Parquet table with ts_event, ts_init (ns), price, size
(text), side and trade_id; FILLS gets a row a fill: the number of the trade row, price, size and fee.
"""

import sys
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
from nautilus_trader.backtest.config import (
    BacktestDataConfig,
    BacktestEngineConfig,
    BacktestRunConfig,
    BacktestVenueConfig,
)
from nautilus_trader.backtest.node import BacktestNode
from nautilus_trader.config import LoggingConfig, RiskEngineConfig
from nautilus_trader.model.currencies import BTC, USDT
from nautilus_trader.model.data import TradeTick
from nautilus_trader.model.enums import AggressorSide, OrderSide, TimeInForce
from nautilus_trader.model.identifiers import InstrumentId, Symbol, TradeId
from nautilus_trader.model.instruments import CryptoPerpetual
from nautilus_trader.model.objects import Price, Quantity
from nautilus_trader.persistence.catalog import ParquetDataCatalog
from nautilus_trader.trading.strategy import Strategy


class CopyTrades(Strategy):
    def __init__(self, instrument_id):
        super().__init__()
        self.instrument_id = instrument_id
        self.rows = 0
        self.order_rows = {}
        self.fills = []

    def on_start(self):
        self.subscribe_trade_ticks(self.instrument_id)

    def on_trade_tick(self, tick):
        side = OrderSide.BUY if tick.aggressor_side == AggressorSide.BUYER else OrderSide.SELL
        order = self.order_factory.limit(self.instrument_id, side, tick.size, tick.price, time_in_force=TimeInForce.IOC)
        self.order_rows[order.client_order_id] = self.rows
        self.rows += 1
        self.submit_order(order)

    def on_order_filled(self, event):
        self.fills.append((self.order_rows[event.client_order_id], event.last_px, event.last_qty, event.commission))


def prepare(rows, catalog, instrument_id, price_precision, size_precision):
    instrument_id, price_precision, size_precision = (
        InstrumentId.from_str(instrument_id),
        int(price_precision),
        int(size_precision),
    )
    instrument = CryptoPerpetual(
        instrument_id,
        Symbol("BTCUSDT"),
        base_currency=BTC,
        quote_currency=USDT,
        settlement_currency=USDT,
        is_inverse=False,
        price_precision=price_precision,
        size_precision=size_precision,
        price_increment=Price(10.0**-price_precision, price_precision),
        size_increment=Quantity(10.0**-size_precision, size_precision),
        ts_event=0,
        ts_init=0,
        margin_init=Decimal(0),
        margin_maint=Decimal(0),
        maker_fee=Decimal("0.0002"),
        taker_fee=Decimal("0.0004"),
    )
    sides = {"buy": AggressorSide.BUYER, "sell": AggressorSide.SELLER}
    ticks = [
        TradeTick(
            instrument_id,
            Price.from_str(row["price"]),
            Quantity.from_str(row["size"]),
            sides[row["side"]],
            TradeId(row["trade_id"]),
            row["ts_event"],
            row["ts_init"],
        )
        for row in pq.read_table(rows).to_pylist()
    ]
    written = ParquetDataCatalog(catalog)
    written.write_data([instrument])
    written.write_data(ticks)


def replay(catalog, instrument_id, fills):
    instrument_id = InstrumentId.from_str(instrument_id)
    venue = BacktestVenueConfig(
        name=str(instrument_id.venue),
        oms_type="NETTING",
        account_type="MARGIN",
        base_currency="USDT",
        starting_balances=["1000000000 USDT"],
    )
    data = BacktestDataConfig(catalog_path=catalog, data_cls=TradeTick, instrument_id=instrument_id)
    engine = BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True), risk_engine=RiskEngineConfig(bypass=True))
    node = BacktestNode(configs=[BacktestRunConfig(engine=engine, venues=[venue], data=[data], raise_exception=True)])
    node.build()
    strategy = CopyTrades(instrument_id)
    node.get_engines()[0].add_strategy(strategy)
    node.run()
    columns = {
        "row": [row for row, _, _, _ in strategy.fills],
        "price": [str(price) for _, price, _, _ in strategy.fills],
        "size": [str(size) for _, _, size, _ in strategy.fills],
        "fee": [str(fee.as_decimal()) for _, _, _, fee in strategy.fills],
    }
    pq.write_table(pa.table(columns), fills)


if __name__ == "__main__":
    {"prepare": prepare, "replay": replay}[sys.argv[1]](*sys.argv[2:])
