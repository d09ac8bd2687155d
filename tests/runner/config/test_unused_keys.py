"""A key that is set without effect is reported. A key with its default value or with an effect is not."""

from typing import Any

import pytest
from nautilus_trader.trading import Strategy

from small_catalog import replay_config
from tickreel.engine.strategy import ReplayStrategy
from tickreel.runner.config.strategy_registry import StrategyEntry
from tickreel.runner.config.unused_keys import idle_keys, idle_keys_finding
from tickreel.runner.strategies.temp_backtest import TempBacktestStrategy
from tickreel.v1 import run_config_pb2


class Own(ReplayStrategy):
    """A strategy whose orders need not copy rows."""


class Plain(Strategy):
    """A strategy that does not take the seed."""


class Seeded(Strategy):
    """A strategy that takes the seed."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.seed = seed


COPIER = StrategyEntry("TempBacktestStrategy", TempBacktestStrategy, "tickreel")


def config_with(
    instrument: dict[str, Any] | None = None, venue: dict[str, Any] | None = None, seed: int = 0, **strategy: Any
) -> run_config_pb2.RunConfig:
    config = replay_config(venue=venue or {}, **strategy)
    for key, value in (instrument or {}).items():
        setattr(config.instrument, key, value)
    config.seed = seed
    return config


FILL_MODEL = {"fill_model": {"prob_fill_on_limit": 0.5}}
IDLE: list[tuple[dict[str, Any], list[str]]] = [
    ({}, []),
    ({"instrument": {"margin_maint": 0.05}}, ["instrument.margin_maint"]),
    ({"instrument": {"margin_maint": 0.05, "margin_init": 0.1}, "venue": {"default_leverage": 5}}, []),
    ({"venue": {"default_leverage": 5}}, ["venue.default_leverage"]),
    ({"seed": 5}, ["seed"]),
    ({"seed": 5, "venue": {"fill_model": {"prob_fill_on_limit": 1}}}, ["seed"]),
    ({"seed": 5, "venue": {"fill_model": {"prob_slippage": 0.5}}}, []),
    ({"venue": {"queue_position": True}}, ["venue.queue_position"]),
    ({"venue": {"queue_position": True}, "time_in_force": "GTC"}, []),
    ({"venue": {"queue_position": True}, "time_in_force": "GTC", "order_type": "MARKET"}, ["venue.queue_position"]),
    ({"venue": FILL_MODEL}, ["venue.fill_model.prob_fill_on_limit"]),
    ({"venue": FILL_MODEL, "time_in_force": "GTC"}, []),
    ({"venue": {"latency": {"cancel_latency_nanos": 5}}}, ["venue.latency.cancel_latency_nanos"]),
    ({"venue": {"latency": {"update_latency_nanos": 5}}}, ["venue.latency.update_latency_nanos"]),
    ({"venue": {"latency": {"base_latency_nanos": 5}}}, []),
    ({"orders": [{"side": "buy"}]}, []),
    ({"orders": [{"price": 1, "amount": 1}]}, ["strategy.orders[0].price", "strategy.orders[0].amount"]),
]


@pytest.mark.parametrize(("changes", "keys"), IDLE, ids=str)
def test_a_key_without_effect_is_named_with_the_reason(changes: dict[str, Any], keys: list[str]) -> None:
    config = config_with(**changes)
    assert [key for key, _ in idle_keys(config, COPIER)] == keys
    found = list(idle_keys_finding(config, COPIER))
    assert [finding.code for finding in found] == ["KEYS_WITHOUT_EFFECT"] * bool(keys)
    assert all(f"{key} (" in found[0].message for key in keys)


def test_keys_for_resting_orders_are_not_idle_for_a_strategy_that_builds_its_own_orders() -> None:
    config = config_with(venue={"queue_position": True, "latency": {"cancel_latency_nanos": 5}}, seed=5)
    idle = {
        strategy: [key for key, _ in idle_keys(config, StrategyEntry("X", strategy, "p"))] for strategy in (Own, Plain, Seeded)
    }
    # A ReplayStrategy may read the seed in the config.
    assert idle == {Own: [], Plain: ["seed"], Seeded: []}
