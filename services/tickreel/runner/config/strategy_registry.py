"""The strategies that a config can name: installed packages declare them under the entry point `tickreel.strategies`.

A name in a config is looked up here and never imported as a path, so a config can only run installed code.
"""

import difflib
import logging
import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from pathlib import Path

from nautilus_trader.trading import Strategy

from tickreel.engine.copying_strategy import CopyingStrategy
from tickreel.engine.parameters import Parameters
from tickreel.engine.strategy import ReplayStrategy
from tickreel.rpc.errors import TickreelError, Violation
from tickreel.runner.config.parameter_schema import ParameterSchema

GROUP = "tickreel.strategies"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StrategyEntry:
    """A registered strategy: its id, its class, and the package that provides it."""

    strategy_id: str
    strategy: type[Strategy]
    package: str

    @property
    def description(self) -> str:
        """The first paragraph of the class's docstring."""
        return " ".join((self.strategy.__doc__ or "").partition("\n\n")[0].split())

    @property
    def submission_modes(self) -> tuple[str, ...]:
        """The values of `strategy.submission_mode` that the strategy supports. Empty if it does not read the keys of orders."""
        return self.strategy.submission_modes if issubclass(self.strategy, ReplayStrategy) else ()

    @property
    def copies_rows(self) -> bool:
        """Whether its orders copy trade rows, so that they are known before the replay."""
        return issubclass(self.strategy, CopyingStrategy)

    @property
    def reads_seed(self) -> bool:
        """Whether the strategy may read the seed of the run."""
        return not self.copies_rows if self.signature is None else "seed" in self.signature.supplied

    @cached_property
    def signature(self) -> Parameters | None:
        """What the strategy's constructor takes. None for a ReplayStrategy, which takes the instrument and the config.

        Raises:
            TypeError: A parameter cannot be expressed in a config.
        """
        return None if issubclass(self.strategy, ReplayStrategy) else Parameters.of(self.strategy)

    @cached_property
    def parameters(self) -> ParameterSchema:
        """The schema of the strategy's parameters.

        Raises:
            TypeError: A parameter cannot be expressed in a config.
            ValueError: The schema is invalid or uses an unsupported keyword.
        """
        strategy = self.strategy
        declared = strategy.parameters_schema if issubclass(strategy, ReplayStrategy) else Parameters.of(strategy).schema
        return ParameterSchema(declared)


class Strategies(dict[str, StrategyEntry]):
    """The usable strategies of the installed packages, by id.

    Attributes:
        refused: Why others cannot be used, by id: a sentence that names the package.
    """

    def __init__(self, entries: Iterable[StrategyEntry] = (), refused: Mapping[str, str] | None = None) -> None:
        super().__init__((entry.strategy_id, entry) for entry in entries)
        self.refused = dict(refused or {})

    def problem_of(self, strategy_id: str) -> str:
        """Return why a strategy cannot be used, and what to do."""
        if strategy_id in self.refused:
            return f"is {strategy_id!r}, which cannot be used: {self.refused[strategy_id]}"
        near = difflib.get_close_matches(strategy_id, self, n=1)
        remedy = f"did you mean {near[0]!r}?" if near else f"the strategies are {', '.join(sorted(self))}"
        return f"is {strategy_id!r}, which is not registered; {remedy}"


def installed_strategies() -> Strategies:
    """Return the registered strategies. A strategy that cannot be used is logged and does not affect the others."""
    return _strategies(metadata.entry_points(group=GROUP))


def installed_strategy(strategy_id: str) -> StrategyEntry:
    """Return one registered strategy. Packages of others are not imported.

    Raises:
        TickreelError: CONFIG_INVALID if it is not registered or cannot be used.
    """
    points = metadata.entry_points(group=GROUP, name=strategy_id)
    found = _strategies(points) if points else installed_strategies()
    if strategy_id not in found:
        violation = Violation("strategy.name", found.problem_of(strategy_id))
        raise TickreelError("CONFIG_INVALID", "the strategy of the run cannot be used", [violation])
    return found[strategy_id]


def _strategies(points: Iterable[metadata.EntryPoint]) -> Strategies:
    by_id: dict[str, list[metadata.EntryPoint]] = {}
    for point in points:
        by_id.setdefault(point.name, []).append(point)
    entries: list[StrategyEntry] = []
    refused: dict[str, str] = {}
    for strategy_id, rivals in sorted(by_id.items()):
        try:
            entries.append(_entry(strategy_id, rivals))
        # An imported module may do anything, also call sys.exit.
        except (Exception, SystemExit) as error:
            packages = " and ".join(map(_package, rivals))
            refused[strategy_id] = _problem(packages, error)
            cause = None if isinstance(error, _RefusedError) else error
            log.error("the strategy %r cannot be used: %s", strategy_id, refused[strategy_id], exc_info=cause)
    return Strategies(entries, refused)


class _RefusedError(Exception):
    """A strategy cannot be used. The message says why."""


def _entry(strategy_id: str, rivals: Sequence[metadata.EntryPoint]) -> StrategyEntry:
    """Load a strategy and check its parameters, so that problems are found at start-up and not by the first config."""
    if len(rivals) > 1:
        raise _RefusedError("both register it; uninstall one of them")
    (point,) = rivals
    strategy = point.load()
    if not (isinstance(strategy, type) and issubclass(strategy, Strategy)):
        raise _RefusedError(f"its entry point names {point.value}, which is no subclass of nautilus_trader.trading.Strategy")
    entry = StrategyEntry(strategy_id, strategy, _package(point))
    try:
        _ = entry.parameters
    except (TypeError, ValueError) as error:
        raise _RefusedError(str(error)) from error
    return entry


def _package(point: metadata.EntryPoint) -> str:
    return point.dist.name if point.dist else ""


def _problem(packages: str, error: BaseException) -> str:
    if isinstance(error, _RefusedError):
        return f"{packages}: {error}"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "importlib" not in frame.filename]
    # The first frame is the one that loads it, in this module.
    place = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if len(frames) > 2 else ""
    return f"{packages}: importing it raised {traceback.format_exception_only(error)[-1].strip()}{place}"
