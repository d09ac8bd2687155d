"""The work of a call in a thread, which can see that its call was cancelled: a thread itself cannot be."""

import asyncio
import threading
from collections.abc import Callable
from contextvars import ContextVar

_abandoned: ContextVar[threading.Event] = ContextVar("abandoned")
# Of work that belongs to no call.
_NEVER = threading.Event()


class AbandonedError(Exception):
    """Nobody waits for the work any more."""


async def call_in_thread[**P, T](work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Does work in a thread; where the caller is cancelled meanwhile, `abandoned` is set there."""
    event = threading.Event()

    def do() -> T:
        _abandoned.set(event)
        return work(*args, **kwargs)

    try:
        return await asyncio.to_thread(do)
    except asyncio.CancelledError:
        event.set()
        raise


def abandoned() -> threading.Event:
    """Set once nobody waits for what this thread is at."""
    return _abandoned.get(_NEVER)
