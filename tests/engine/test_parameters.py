"""Parameters and their schema from the constructor of a strategy or of its config class."""

import dataclasses
import datetime
import enum
from collections.abc import Callable
from decimal import Decimal
from typing import Any, ClassVar, Literal

import pytest
from nautilus_trader.model import BarType, InstrumentId, OrderSide, Price, Quantity
from nautilus_trader.trading import Strategy, StrategyConfig

from plain_strategies import OneInstrument
from small_catalog import ENGINE_ID
from tickreel.engine.parameters import Parameters
from tickreel.runner.config.parameter_schema import ParameterSchema


class Kind(enum.Enum):
    SLOW = 1
    QUICK = 2


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config(StrategyConfig):
    """A config.

    Attributes:
        fast: Rows of the fast
            average.
        unknown: Not a parameter.
    """

    instrument_id: InstrumentId
    bars: BarType
    seed: int = 7
    fast: int = 10
    share: float = 1
    threshold: Decimal = Decimal("0.10")
    size: Quantity = Quantity.from_str("0.100")  # noqa: RUF009
    side: OrderSide = OrderSide.SELL
    style: Literal["maker", "taker"] | None = None
    kind: Kind = Kind.QUICK
    levels: tuple[int, ...] = (1, 2)
    weights: list[float] = dataclasses.field(default_factory=lambda: [0.5, 2.0])
    wait: datetime.timedelta = datetime.timedelta(milliseconds=1500)
    number: int | float = 3
    limit: float = float("inf")
    prices: dict[str, Price] | None = None


class Configured(Strategy):
    def __init__(self, config: Config) -> None:
        super().__init__(config)


# Parameter, its schema, a value in a config, and the value that the constructor gets.
KINDS: dict[str, tuple[dict[str, Any], Any, Any]] = {
    "bars": ({"type": "string"}, "1-HOUR-MID-INTERNAL", BarType.from_str(f"{ENGINE_ID}-1-HOUR-MID-INTERNAL")),
    "fast": ({"type": "integer", "default": 10, "description": "Rows of the fast average."}, 3, 3),
    "share": ({"type": "number", "default": 1}, 2, 2.0),
    "threshold": ({"type": "number", "default": 0.1}, 0.3, Decimal("0.3")),
    "size": ({"type": "string", "default": "0.100"}, "1.50", Quantity.from_str("1.50")),
    "side": ({"enum": ["BUY", "SELL"], "default": "SELL"}, "BUY", OrderSide.BUY),
    "style": ({"enum": ["maker", "taker"]}, "maker", "maker"),
    "kind": ({"enum": ["SLOW", "QUICK"], "default": "QUICK"}, "SLOW", Kind.SLOW),
    "levels": ({"type": "array", "items": {"type": "integer"}, "default": [1, 2]}, [5], (5,)),
    "weights": ({"type": "array", "items": {"type": "number"}, "default": [0.5, 2]}, [1], [1.0]),
    "wait": (
        {"type": "number", "default": 1.5, "description": "In seconds."},
        0.25,
        datetime.timedelta(microseconds=250_000),
    ),
    "number": ({"type": "number", "default": 3}, 2.5, 2.5),
    "limit": ({"type": "number", "description": "Default: inf."}, 3, 3.0),
    "prices": ({"type": "object", "additionalProperties": {"type": "string"}}, {"a": "1.0"}, {"a": Price.from_str("1.0")}),
}


def test_each_kind_of_annotation_has_a_schema_and_a_value() -> None:
    parameters = Parameters.of(Configured)
    assert parameters.config_class is Config
    assert parameters.supplied == {"instrument_id": InstrumentId, "seed": int}
    assert parameters.schema["properties"] == {name: schema for name, (schema, _, _) in KINDS.items()}
    assert parameters.schema["required"] == ["bars"]
    ParameterSchema(parameters.schema)
    for name, (_, given, value) in KINDS.items():
        read = parameters.read(name, given, ENGINE_ID)
        assert (type(read), read) == (type(value), value)


def test_bars_of_another_instrument_can_be_named_in_full() -> None:
    other = "ETH-USDT-PERP.BINANCE-FUTURES-1-HOUR-LAST-INTERNAL"
    assert str(Parameters.of(Configured).read("bars", other, ENGINE_ID)) == other


class Keywords(Strategy):
    """Has keywords.

    Parameters
    ----------
    fast : int, default 10
        Rows of the
        fast average.
    """

    def __init__(self, instrument: Any, fast: "int" = 10, *, size: Quantity | None, **others: object) -> None:
        super().__init__()


class Stated(Strategy):
    """Declares its schema, which wins over annotations."""

    parameters_schema: ClassVar = {
        "type": "object",
        "properties": {"size": {"type": "string"}, "thing": {"type": "integer"}},
        "required": ["size"],
        "additionalProperties": False,
    }

    def __init__(self, size: Quantity, thing: object = None) -> None:
        super().__init__()


class OfTheEngine(Strategy):
    def __init__(self, config: StrategyConfig | None = None) -> None:
        super().__init__(config)


def test_keywords_of_the_constructor_are_parameters() -> None:
    parameters = Parameters.of(Keywords)
    assert list(parameters.supplied) == ["instrument"]
    assert parameters.schema["required"] == []
    assert parameters.schema["properties"] == {
        "fast": {"type": "integer", "default": 10, "description": "Rows of the fast average."},
        "size": {"type": "string"},
    }


def test_a_declared_schema_wins() -> None:
    parameters = Parameters.of(Stated)
    assert parameters.schema is Stated.parameters_schema
    assert parameters.read("size", "0.5", ENGINE_ID) == Quantity.from_str("0.5")
    assert parameters.read("thing", 5, ENGINE_ID) == 5


@pytest.mark.parametrize("strategy", [Strategy, OfTheEngine])
def test_a_strategy_may_have_no_parameters(strategy: type[Strategy]) -> None:
    assert Parameters.of(strategy).schema["properties"] == {}


class Annotated(StrategyConfig):
    fast: int = 10


def refuses(constructor: Callable[..., None], **members: object) -> str:
    """Return why a strategy with this constructor is refused."""
    with pytest.raises(TypeError) as refusal:
        Parameters.of(type("Refused", (Strategy,), {"__init__": constructor, **members}))
    return str(refusal.value)


def test_a_constructor_that_a_config_cannot_express_is_refused_by_name() -> None:
    def unannotated(self: object, fast=10) -> None: ...  # type: ignore[no-untyped-def]
    def strange(self: object, fast: complex) -> None: ...
    def mixed(self: object, text: str | int) -> None: ...
    def undefined(self: object, fast: "Undefined") -> None: ...  # type: ignore[name-defined]  # noqa: F821
    def positional(self: object, fast: int, /) -> None: ...
    def bare_config(self: object, config) -> None: ...  # type: ignore[no-untyped-def]
    def annotated(self: object, config: Annotated) -> None: ...
    def both(self: object, config: OneInstrument, fast: int) -> None: ...
    def one(self: object, fast: int) -> None: ...

    schema = {"type": "object", "properties": {"slow": {"type": "integer"}}}
    remedy = "or declare parameters_schema, which then lists all parameters"
    assert refuses(unannotated) == f"its parameter 'fast' has no annotation; add one, {remedy}"
    assert refuses(strange).startswith("its parameter 'fast': a config cannot express the type complex; it can express int,")
    assert refuses(mixed).startswith("its parameter 'text': a config cannot express the type str | int")
    assert refuses(undefined) == "the annotations of Refused.__init__ cannot be evaluated: name 'Undefined' is not defined"
    assert refuses(positional) == "its parameter 'fast' is positional-only; a config gives parameters by name"
    assert refuses(bare_config) == "its parameter 'config' has no annotation; annotate it with the class of the config"
    assert refuses(annotated) == (
        "Annotated does not store its fields fast: its constructor ignores them; decorate it with @dataclass(kw_only=True)"
    )
    assert refuses(both) == "its constructor takes a config and also fast; make these fields of the config"
    assert refuses(one, parameters_schema=schema) == "parameters_schema has slow, which Refused.__init__ does not take"
    only = {"type": "object", "properties": {}}
    assert refuses(one, parameters_schema=only) == "parameters_schema lacks fast, which Refused.__init__ requires"
