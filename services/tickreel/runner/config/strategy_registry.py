"""The strategies that a config can name: installed packages declare them under the entry point `tickreel.strategies`.

A name in a config is looked up here and never imported as a path, so a config can only run installed code.
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
    """A registered strategy: its id, its class, and the package that provides it."""

    strategy_id: str
    strategy: type[ReplayStrategy]
    package: str

    @property
    def description(self) -> str:
        """The first paragraph of the class's docstring."""
        return " ".join((self.strategy.__doc__ or "").partition("\n\n")[0].split())

    @property
    def submission_modes(self) -> tuple[str, ...]:
        """The values of `strategy.submission_mode` that the strategy supports."""
        return self.strategy.submission_modes

    @cached_property
    def parameters(self) -> ParameterSchema:
        """The schema of the strategy's parameters.

        Raises:
            ValueError: The schema is invalid or uses an unsupported keyword.
        """
        try:
            return ParameterSchema(self.strategy.parameters_schema)
        except ValueError as error:
            raise ValueError(f"the strategy {self.strategy_id!r} of {self.package}: {error}") from None


def installed_strategies() -> Mapping[str, StrategyEntry]:
    """Return the registered strategies, by id.

    Raises:
        TypeError: An entry point does not name a subclass of ReplayStrategy.
        ValueError: Two packages register the same id, or the parameter schema of a strategy is refused.
    """
    found: dict[str, StrategyEntry] = {}
    for point in metadata.entry_points(group=GROUP):
        strategy = point.load()
        package = point.dist.name if point.dist else ""
        if not (isinstance(strategy, type) and issubclass(strategy, ReplayStrategy)):
            raise TypeError(f"the entry point {point.name!r} of {package} is not a ReplayStrategy: {point.value}")
        if point.name in found:
            raise ValueError(f"{package} and {found[point.name].package} both register the strategy {point.name!r}")
        found[point.name] = StrategyEntry(point.name, strategy, package)
        # Check the schema at start-up, not when the first config names the strategy.
        _ = found[point.name].parameters
    return dict(sorted(found.items()))
