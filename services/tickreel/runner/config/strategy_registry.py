"""The strategies that a config can name: those that installed packages declare under the entry point `tickreel.strategies`.

A name in a config is looked up here and never imported as a path: a config runs no code that was not installed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata

from tickreel.engine.strategy import ReplayStrategy
from tickreel.runner.config.parameter_schema import ParameterSchema

GROUP = "tickreel.strategies"


@dataclass(frozen=True)
class StrategyEntry:
    """A registered strategy: its id, its class, and the package that brings it."""

    strategy_id: str
    strategy: type[ReplayStrategy]
    package: str

    @property
    def description(self) -> str:
        """The first paragraph of the class's docstring."""
        return " ".join((self.strategy.__doc__ or "").partition("\n\n")[0].split())

    @property
    def submission_modes(self) -> tuple[str, ...]:
        """The submission modes of a config that it knows."""
        return self.strategy.submission_modes

    @cached_property
    def parameters(self) -> ParameterSchema:
        """What its parameters must be.

        Raises:
            ValueError: Its schema cannot be checked whole.
        """
        try:
            return ParameterSchema(self.strategy.parameters_schema)
        except ValueError as error:
            raise ValueError(f"the strategy {self.strategy_id!r} of {self.package}: {error}") from None


def installed_strategies() -> Mapping[str, StrategyEntry]:
    """The registered strategies, by id.

    Raises:
        TypeError: An entry point names something that is no ReplayStrategy.
        ValueError: Two packages register the same id, or a strategy's schema of parameters cannot be checked whole.
    """
    found: dict[str, StrategyEntry] = {}
    for point in metadata.entry_points(group=GROUP):
        strategy = point.load()
        package = point.dist.name if point.dist else ""
        if not (isinstance(strategy, type) and issubclass(strategy, ReplayStrategy)):
            raise TypeError(f"the entry point {point.name!r} of {package} is no ReplayStrategy: {point.value}")
        if point.name in found:
            raise ValueError(f"{package} and {found[point.name].package} both register the strategy {point.name!r}")
        found[point.name] = StrategyEntry(point.name, strategy, package)
        # Now, and not when the first config names it.
        _ = found[point.name].parameters
    return dict(sorted(found.items()))
