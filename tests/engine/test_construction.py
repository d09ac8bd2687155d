"""A strategy is constructed from a config, and holds what the config says."""

import dataclasses
from decimal import Decimal
from typing import Any

import pytest
from nautilus_trader.model import BarType, CryptoPerpetual, InstrumentId, OmsType, Quantity
from nautilus_trader.trading import Strategy, StrategyConfig

from small_catalog import ENGINE_ID, instrument
from tickreel.engine.construction import constructed
from tickreel.engine.recorder import Recorder
from tickreel.engine.replay_class import recorded
from tickreel.rpc.errors import TickreelError
from tickreel.v1 import run_config_pb2


def made[S: Strategy](strategy: type[S], **parameters: Any) -> Any:
    """Return the strategy as a run with these parameters and the seed 5 constructs it."""
    config = run_config_pb2.RunConfig(seed=5)
    config.venue.oms_type = "NETTING"
    config.strategy.parameters.update(parameters)
    return constructed(recorded(strategy, Recorder([instrument()])), instrument(), config)


def failure[S: Strategy](strategy: type[S], **parameters: Any) -> TickreelError:
    with pytest.raises(TickreelError) as failed:
        made(strategy, **parameters)
    assert failed.value.reason == "REPLAY_FAILED"
    return failed.value


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config(StrategyConfig):
    instrument_id: InstrumentId
    bars: BarType
    seed: int
    size: Decimal = Decimal("0.1")
    order_id_tag: str | None = None


class Configured(Strategy):
    def __init__(self, config: Config) -> None:
        super().__init__(config)


class Keywords(Strategy):
    def __init__(
        self, instrument: CryptoPerpetual, instrument_id: str, levels: list[float], *, size: Quantity | None, fast: int = 10
    ) -> None:
        self.instrument, self.instrument_id = instrument, instrument_id
        self._levels, self.size, self.fast = tuple(levels), size, fast


def test_a_config_class_gets_the_parameters_and_what_the_run_supplies() -> None:
    strategy = made(Configured, bars="1-MINUTE-LAST-INTERNAL", size=0.3, order_id_tag="007")
    config = strategy.config
    assert (str(config.instrument_id), config.seed, config.size) == (ENGINE_ID, 5, Decimal("0.3"))
    assert str(config.bars) == f"{ENGINE_ID}-1-MINUTE-LAST-INTERNAL"
    assert config.order_id_tag == "007"


def test_keywords_get_the_parameters_and_what_the_run_supplies() -> None:
    strategy = made(Keywords, levels=[1, 2.5], fast=3)
    assert (strategy.instrument_id, strategy.size, strategy.fast, strategy._levels) == (ENGINE_ID, None, 3, (1.0, 2.5))
    assert strategy.instrument.id == instrument().id


def test_a_parameter_may_be_held_as_another_type() -> None:
    class Sized(Strategy):
        def __init__(self, size: str, count: int) -> None:
            self.size, self._count = Quantity.from_str(size), Decimal(count)

    assert made(Sized, size="0.10", count=3).size == Quantity.from_str("0.1")


def test_a_parameter_that_the_strategy_does_not_hold_is_refused_by_name() -> None:
    class Careless(Strategy):
        def __init__(self, fast: int, slow: int, depth: int, size: float = 1.0) -> None:
            self.fast = min(fast, 20)
            self._slow, self.size = slow, size

    assert failure(Careless, fast=50, slow=100, depth=5, size=2).message == (
        "Careless does not hold its parameters: depth is 5 in the config, but the strategy has no attribute depth or _depth"
        " that holds it; fast is 50 in the config, but self.fast is 20."
        " Keep each parameter, unchanged, under its name in __init__"
    )


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"use_uuid_client_order_ids": True}, "use_uuid_client_order_ids makes order ids random, so that no result could be"),
        (
            {"oms_type": OmsType.HEDGING},
            "oms_type of its config is HEDGING, but that of the venue is NETTING; set venue.oms_type",
        ),
    ],
)
def test_settings_of_the_engine_that_a_replay_cannot_honour_are_refused(settings: dict[str, Any], problem: str) -> None:
    class Set(Strategy):
        def __init__(self, config: StrategyConfig | None = None) -> None:
            super().__init__(config)

        @property
        def config(self) -> StrategyConfig:
            return StrategyConfig(**settings)

    assert f"Set: {problem}" in failure(Set).message
