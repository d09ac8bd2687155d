"""The class of a strategy for one replay: a subclass, so that the strategy itself needs no base class of ours."""

import inspect
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from nautilus_trader.trading import Strategy, StrategyConfig

from tickreel.engine.recorder import Recorder
from tickreel.engine.strategy_log import StrategyLog
from tickreel.rpc.errors import TickreelError


def recorded[S: Strategy](
    strategy: type[S], recorder: Recorder, callbacks: Mapping[str, Callable[..., None]] = MappingProxyType({})
) -> type[S]:
    """Return the class of a strategy for one replay, which hands the events of its orders to the recorder.

    Args:
        callbacks: Further methods of the class, by name.
    """
    add, theirs = recorder.add, strategy.on_order_event

    def on_order_event(this: S, event: Any) -> None:
        add(event)
        theirs(this, event)

    # Most strategies do not override it. Then the engine calls the recorder itself: it calls this several times an order.
    overridden = theirs is not Strategy.on_order_event
    methods = {"on_order_event": on_order_event if overridden else staticmethod(add), **callbacks}
    return replay_class(strategy, methods)


def replay_class[S: Strategy](strategy: type[S], methods: Mapping[str, Any]) -> type[S]:
    """Return a subclass of a strategy for one replay. It keeps the name of the class, from which the engine makes an id.

    - Its constructor may have any parameters. The engine's own takes one, the config.
    - Its `log` writes to the log of the run.

    Args:
        methods: Further methods of the class, by name.

    Raises:
        TickreelError: REPLAY_FAILED if a callback is a coroutine. The engine would never run it.
    """
    for name in dir(strategy):
        if name.startswith("on_") and inspect.iscoroutinefunction(getattr(strategy, name)):
            message = f"{name} of {strategy.__name__} is an async function, which the engine never runs; remove the async"
            raise TickreelError("REPLAY_FAILED", message)

    def new(cls: type[S], *args: Any, **options: Any) -> S:
        if strategy.__new__ is not Strategy.__new__:
            return strategy.__new__(cls, *args, **options)
        configs = [value for value in (*args, *options.values()) if isinstance(value, StrategyConfig)]
        if not configs and len(args) == 1:
            # The engine accepts any object as a config.
            configs = [*args]
        return Strategy.__new__(cls, *configs[:1])

    names: dict[str, Any] = {name: getattr(strategy, name) for name in ("__module__", "__qualname__", "__doc__")}
    own: dict[str, Any] = {"__new__": new, **methods}
    if strategy.log is Strategy.log:
        own["log"] = property(StrategyLog)
    return type(strategy.__name__, (strategy,), names | own)
