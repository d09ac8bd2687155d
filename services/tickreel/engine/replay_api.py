"""The API of the engine as strategies, actors and execution algorithms have it in a replay.

docs/BACKTEST_SPEC.md lists every call.
"""

import traceback
from typing import Any

from nautilus_trader.common import DataActor
from nautilus_trader.trading import ExecutionAlgorithm, Strategy

from tickreel.engine.book_subscriptions import BookSubscriptions
from tickreel.engine.refusals import ReplayData, refusals
from tickreel.engine.strategy_log import StrategyLog
from tickreel.engine.venue_accounts import HyphenatedVenues
from tickreel.rpc.errors import TickreelError


def with_replay_api[C: Strategy | DataActor | ExecutionAlgorithm](component: type[C], data: ReplayData) -> type[C]:
    """Return a subclass for one replay, whose calls work or are refused by name. It keeps the name of the class."""
    methods: dict[str, Any] = HyphenatedVenues(data.venues).methods(component)
    if hasattr(component, "subscribe_book_at_interval"):
        methods |= BookSubscriptions(component).methods()
    methods |= refusals(lambda name: methods.get(name, getattr(component, name, None)), data)
    names = {name: getattr(component, name) for name in ("__module__", "__qualname__", "__doc__")}
    return type(component.__name__, (component,), names | methods)


def companions(strategy: Strategy, data: ReplayData) -> tuple[list[DataActor], list[ExecutionAlgorithm]]:
    """Return the actors and the execution algorithms that a strategy brings along.

    A strategy names them by methods `actors` and `exec_algorithms`, which return lists of instances. They get the API and the
    log of the replay too.

    Raises:
        TickreelError: REPLAY_FAILED if such a method raises, with its traceback.
    """
    return _brought(strategy, "actors", data), _brought(strategy, "exec_algorithms", data)


def _brought(strategy: Strategy, name: str, data: ReplayData) -> list[Any]:
    try:
        made: list[Any] = list(getattr(strategy, name, list)())
    except (Exception, SystemExit) as error:
        cause = traceback.format_exception_only(error)[-1].strip()
        trace = "".join(traceback.format_exception(error)).strip()
        message = f"{name} of {type(strategy).__name__} raised {cause}"
        raise TickreelError("REPLAY_FAILED", message, log=trace) from None
    for component in made:
        replayed = with_replay_api(type(component), data)
        replayed.log = property(StrategyLog)
        component.__class__ = replayed
    return made
