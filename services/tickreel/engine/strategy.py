"""A base class for strategies over the instrument of a run. A strategy needs no base class but the engine's own."""

from collections.abc import Mapping
from typing import Any, ClassVar

from nautilus_trader.model import BookType
from nautilus_trader.trading import Strategy

from tickreel.engine.instrument import Instrument
from tickreel.rpc.json_struct import values_of
from tickreel.v1 import run_config_pb2


class ReplayStrategy(Strategy):
    """A strategy over the run's instrument that subscribes to its trades, and to its books if the run replays them.

    A subclass:

    - explains itself in its docstring; ListStrategies shows the first line
    - names the `submission_modes` of a config that it supports
    - is constructed with the run's instrument and resolved config
    """

    submission_modes: ClassVar[tuple[str, ...]] = ("per_trade_tick",)
    parameters_schema: ClassVar[Mapping[str, Any]] = {"type": "object", "properties": {}, "additionalProperties": False}
    """JSON Schema of `strategy.parameters` in a config, with the keywords that docs/REFERENCE.md lists.

    The default allows no parameters.
    """

    def __new__(cls, *_args: object, **_options: object) -> "ReplayStrategy":
        return super().__new__(cls)

    def __init__(self, instrument: Instrument, config: run_config_pb2.RunConfig) -> None:
        super().__init__()
        self.instrument = instrument
        self.run_config = config
        self.parameters = values_of(config.strategy.parameters)

    def on_start(self) -> None:
        self.subscribe_trades(self.instrument.id)
        if self.run_config.venue.book_type == "L2_MBP":
            self.subscribe_book_depth(self.instrument.id, BookType.L2_MBP)
