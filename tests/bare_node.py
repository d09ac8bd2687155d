"""Runs by the engine alone: for each line of standard input, a spec, it prints the events of all orders as a line of JSON.

A spec is JSON: `strategy` (a class of plain_strategies), `instrument` (an id), `lanes` (path, data type, start and end of each
catalog), `commands` (of a scripted strategy), `module` (of the strategy, if another one) and `venue` (terms that differ from a
netting margin account of 1,000,000 USDT without leverage). If the strategy has `answers`, the line has both. The script imports
nothing of Tickreel: its output is what a script of the strategy's author would show.
"""

import importlib
import json
import sys
from decimal import Decimal
from typing import Any

from nautilus_trader.backtest import (
    BacktestDataConfig,
    BacktestEngineConfig,
    BacktestNode,
    BacktestRunConfig,
    BacktestVenueConfig,
)
from nautilus_trader.common import LoggerConfig, LogLevel
from nautilus_trader.execution import MakerTakerFeeModel
from nautilus_trader.model import Currency, InstrumentId, NautilusDataType
from nautilus_trader.risk import RiskEngineConfig

import plain_strategies


def run(spec: dict[str, Any]) -> dict[str, Any]:
    """Run the spec's strategy and return its events: the terms of each order by id, and the events of each order in order."""
    instrument_id = InstrumentId.from_str(spec["instrument"])
    terms = spec.get("venue", {})
    base_currency = terms.get("base_currency", "USDT")
    venue = BacktestVenueConfig(
        name=str(instrument_id.venue),
        oms_type=terms.get("oms_type", "NETTING"),
        account_type=terms.get("account_type", "MARGIN"),
        book_type=terms.get("book_type", "L2_MBP"),
        starting_balances=terms.get("starting_balances", ["1000000 USDT"]),
        base_currency=Currency.from_str(base_currency) if base_currency else None,
        default_leverage=Decimal(terms.get("default_leverage", "1")),
        fee_model=MakerTakerFeeModel(Decimal("0.0002"), Decimal("0.0004")),
    )
    data = [
        BacktestDataConfig(
            data_type=getattr(NautilusDataType, data_type),
            catalog_path=path,
            instrument_id=instrument_id,
            start_time=start,
            end_time=end,
        )
        for path, data_type, start, end in spec["lanes"]
    ]
    engine = BacktestEngineConfig(
        logging=LoggerConfig(stdout_level=LogLevel.ERROR),
        run_analysis=False,
        risk_engine=RiskEngineConfig(max_order_submit_rate="1000000/00:00:01"),
    )
    node = BacktestNode([BacktestRunConfig(id="bare", venues=[venue], data=data, engine=engine, dispose_on_completion=False)])
    node.build()
    plain_strategies.Scripted.commands = spec["commands"]
    module = importlib.import_module(spec.get("module", "plain_strategies"))
    strategy = getattr(module, spec["strategy"])(plain_strategies.OneInstrument(instrument_id))
    node.add_strategy("bare", strategy)
    node.run()
    orders = node.get_engine_cache("bare").orders()
    found = {order.client_order_id.value: [_event(event) for event in order.events()] for order in orders}
    node.dispose()
    return {"events": found, "answers": strategy.answers} if hasattr(strategy, "answers") else found


def _event(event: Any) -> dict[str, str]:
    """Return the kind, time and facts of an event, as texts."""
    values = {"kind": type(event).__name__, "ts": str(event.ts_event)}
    for name in _FACTS.get(type(event).__name__, ()):
        value = getattr(event, name)
        if value is not None:
            values[name] = " ".join(map(str, value)) if isinstance(value, list) else str(value)
    return values


_FACTS = {
    "OrderInitialized": (
        "order_side",
        "order_type",
        "time_in_force",
        "price",
        "trigger_price",
        "quantity",
        "post_only",
        "reduce_only",
        "quote_quantity",
        "expire_time",
        "parent_order_id",
        "contingency_type",
        "order_list_id",
        "linked_order_ids",
        "tags",
        "trigger_type",
        "emulation_trigger",
        "trailing_offset_type",
        "trailing_offset",
        "limit_offset",
        "activation_price",
        "display_qty",
        "exec_algorithm_id",
    ),
    "OrderUpdated": ("price", "trigger_price", "quantity"),
    "OrderFilled": ("last_px", "last_qty", "liquidity_side", "commission", "position_id", "trade_id"),
    "OrderDenied": ("reason",),
    "OrderRejected": ("reason",),
    "OrderModifyRejected": ("reason",),
    "OrderCancelRejected": ("reason",),
    "OrderCanceled": ("reason",),
}


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)
