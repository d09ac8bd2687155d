"""Runs by the engine alone: for each line of standard input, a spec, it prints what the engine did as a line of JSON.

The script imports nothing of Tickreel: its output is what a script of the strategy's author would show. Keys of a spec:

- `module`, `strategy`: the class
- `instrument`: its id
- `lanes`: path, data type, start and end of each catalog
- `attributes`: set on the class before the run
- `venue`: what differs from a netting margin account that trades on depth; `latency` and `fill_model` are the arguments of the
  engine's models

If the strategy has `answers`, the outcome has them, too.
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
from nautilus_trader.data import DataEngineConfig
from nautilus_trader.execution import DefaultFillModel, MakerTakerFeeModel, StaticLatencyModel
from nautilus_trader.model import AccountId, Currency, InstrumentId, NautilusDataType
from nautilus_trader.risk import RiskEngineConfig

RUN = "bare"


def node_of(spec: dict[str, Any]) -> tuple[BacktestNode, Any]:
    """Return a node that is ready to run the spec's strategy, and the strategy."""
    instrument_id = InstrumentId.from_str(spec["instrument"])
    venue = {
        "oms_type": "NETTING",
        "account_type": "MARGIN",
        "book_type": "L2_MBP",
        "starting_balances": ["1000000 USDT"],
        "base_currency": "USDT",
        "default_leverage": "1",
        **spec.get("venue", {}),
    }
    venue["base_currency"] = Currency.from_str(venue["base_currency"]) if venue["base_currency"] else None
    venue["default_leverage"] = Decimal(venue["default_leverage"])
    if "latency" in venue:
        venue["latency_model"] = StaticLatencyModel(*venue.pop("latency"))
    if "fill_model" in venue:
        venue["fill_model"] = DefaultFillModel(*venue["fill_model"])
    config = BacktestVenueConfig(
        name=str(instrument_id.venue),
        fee_model=MakerTakerFeeModel(Decimal("0.0002"), Decimal("0.0004")),
        **venue,
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
        data_engine=DataEngineConfig(emit_quotes_from_book_depths=True),
        risk_engine=RiskEngineConfig(max_order_submit_rate="1000000/00:00:01"),
    )
    node = BacktestNode([BacktestRunConfig(id=RUN, venues=[config], data=data, engine=engine, dispose_on_completion=False)])
    node.build()
    module = importlib.import_module(spec["module"])
    strategy = getattr(module, spec["strategy"])
    for name, value in spec.get("attributes", {}).items():
        setattr(strategy, name, value)
    books = any(data_type == "OrderBookDepth" for _, data_type, *_ in spec["lanes"])
    made = strategy(module.OneInstrument(instrument_id, books))
    node.add_strategy(RUN, made)
    return node, made


def outcome(spec: dict[str, Any]) -> dict[str, Any]:
    """Run the spec's strategy, and return the events and the status of each order, all positions, and the balances."""
    node, strategy = node_of(spec)
    node.run()
    cache = node.get_engine_cache(RUN)
    orders = cache.orders()
    positions = [part for position in cache.positions() for part in (*cache.position_snapshots(position.id), position)]
    account = cache.account(AccountId(f"{InstrumentId.from_str(spec['instrument']).venue}-001"))
    assert account is not None
    found = {
        "events": {order.client_order_id.value: [_event(event) for event in order.events()] for order in orders},
        "status": {order.client_order_id.value: str(order.status) for order in orders},
        "positions": [
            _position(position) for position in sorted(positions, key=lambda one: (one.ts_opened, one.ts_closed or 0))
        ],
        "balances": {str(code): str(money) for code, money in account.balances_total().items()},
    }
    if hasattr(strategy, "answers"):
        found["answers"] = strategy.answers
    node.dispose()
    return found


def _event(event: Any) -> dict[str, str]:
    """Return the kind, time and facts of an event, as texts."""
    values = {"kind": type(event).__name__, "ts": str(event.ts_event)}
    for name in _FACTS.get(type(event).__name__, ()):
        value = getattr(event, name)
        if value is not None:
            values[name] = " ".join(map(str, value)) if isinstance(value, list) else str(value)
    return values


def _position(position: Any) -> dict[str, str]:
    return {name: str(getattr(position, name)) for name in _POSITION}


# A snapshot of a closed position has an id of its own.
_POSITION = (
    "entry",
    "side",
    "peak_qty",
    "quantity",
    "ts_opened",
    "ts_closed",
    "avg_px_open",
    "avg_px_close",
    "realized_pnl",
    "opening_order_id",
    "closing_order_id",
)
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
        print(json.dumps(outcome(json.loads(line))), flush=True)
