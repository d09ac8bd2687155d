"""The construction of a strategy for a run, from the parameters of the run's config."""

import contextlib
import traceback
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from nautilus_trader.trading import Strategy

from tickreel.engine.instrument import Instrument
from tickreel.engine.parameters import Parameters
from tickreel.engine.strategy import ReplayStrategy
from tickreel.rpc.errors import TickreelError
from tickreel.rpc.json_struct import values_of
from tickreel.v1 import run_config_pb2

# Modules whose frames say nothing to the author of a strategy.
_OURS = ("tickreel.engine.construction", "tickreel.engine.replay_class")


def constructed[S: Strategy](strategy_class: type[S], instrument: Instrument, config: run_config_pb2.RunConfig) -> S:
    """Construct a strategy with the parameters of a config.

    Args:
        strategy_class: The subclass of a registered strategy for one replay.
        config: A resolved config: its parameters fit the schema of the strategy.

    Raises:
        TickreelError: REPLAY_FAILED if the constructor raises, with its traceback; if the strategy does not hold a value of the
            config; or if it has a setting of the engine that a replay cannot honour.
    """
    construct: Callable[..., S] = strategy_class
    if issubclass(strategy_class, ReplayStrategy):
        with _failing(strategy_class):
            return construct(instrument, config)
    parameters = Parameters.of(strategy_class)
    given = values_of(config.strategy.parameters)
    values = {name: parameters.read(name, value, str(instrument.id)) for name, value in given.items()}
    keywords = parameters.keywords(values, instrument, config.seed)
    config_class = parameters.config_class
    with _failing(strategy_class):
        # By position, so that the engine's own constructor takes any object as the config.
        strategy = construct(**keywords) if config_class is None else construct(config_class(**keywords))
    _check_held(strategy, values)
    _check_settings(strategy, config.venue)
    return strategy


@contextlib.contextmanager
def _failing(strategy_class: type[Strategy]) -> Iterator[None]:
    """Turn an error of a constructor into a failure of the replay, with the traceback from the constructor on."""
    try:
        yield
    except (Exception, SystemExit) as error:
        cause = traceback.format_exception_only(error)[-1].strip()
        while error.__traceback__ is not None and error.__traceback__.tb_frame.f_globals.get("__name__", "").startswith(_OURS):
            error.__traceback__ = error.__traceback__.tb_next
        trace = "".join(traceback.format_exception(error)).strip()
        raise TickreelError(
            "REPLAY_FAILED", f"the constructor of {strategy_class.__name__} raised {cause}", log=trace
        ) from None


def _check_held(strategy: Strategy, values: Mapping[str, Any]) -> None:
    """Check that the strategy, or its config, holds each parameter under its name.

    A constructor that overwrites or drops a parameter would otherwise make the config of the result wrong.
    """
    problems = []
    for name, value in values.items():
        held = dict(_held(strategy, name))
        if not held:
            problems.append(
                f"{name} is {value} in the config, but the strategy has no attribute {name} or _{name} that holds it"
            )
        elif not any(_same(value, one) for one in held.values()):
            shown = ", ".join(f"{place} is {one}" for place, one in held.items())
            problems.append(f"{name} is {value} in the config, but {shown}")
    if problems:
        message = f"{type(strategy).__name__} does not hold its parameters: {'; '.join(problems)}"
        raise TickreelError("REPLAY_FAILED", f"{message}. Keep each parameter, unchanged, under its name in __init__")


def _held(strategy: Strategy, name: str) -> Iterator[tuple[str, Any]]:
    """Yield the attributes that may hold a parameter, by the place where they are."""
    for place, holder in (("self", strategy), ("self.config", strategy.config)):
        for attribute in (name, f"_{name}"):
            # Some attributes of the engine cannot be read before the replay.
            with contextlib.suppress(AttributeError, RuntimeError):
                yield f"{place}.{attribute}", getattr(holder, attribute)


def _same(value: Any, held: Any) -> bool:
    """Return whether an attribute holds a value, perhaps as another type: 0.1 as a Decimal or a Quantity, a list as a tuple."""
    if isinstance(value, list | tuple) and isinstance(held, list | tuple):
        return len(value) == len(held) and all(map(_same, value, held))
    with contextlib.suppress(TypeError, ValueError):
        if value == held:
            return True
    if str(value) == str(held):
        return True
    with contextlib.suppress(InvalidOperation):
        return Decimal(str(value)) == Decimal(str(held))
    return False


def _check_settings(strategy: Strategy, venue: run_config_pb2.VenueConfig) -> None:
    """Refuse settings of the engine's StrategyConfig that a replay cannot honour."""
    name = type(strategy).__name__
    if getattr(strategy.config, "use_uuid_client_order_ids", False):
        problem = "use_uuid_client_order_ids makes order ids random, so that no result could be reproduced; leave it out"
        raise TickreelError("REPLAY_FAILED", f"{name}: {problem}")
    oms_type = getattr(strategy.config, "oms_type", None)
    if oms_type is not None and str(oms_type) not in (venue.oms_type, "UNSPECIFIED"):
        problem = f"oms_type of its config is {oms_type}, but that of the venue is {venue.oms_type}; set venue.oms_type"
        raise TickreelError("REPLAY_FAILED", f"{name}: {problem}")
