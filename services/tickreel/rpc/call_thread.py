"""Run the work of a call in a thread. The thread cannot be cancelled, but it can check whether its call was."""

import asyncio
import threading
from collections.abc import Callable
from contextvars import ContextVar

_abandoned: ContextVar[threading.Event] = ContextVar("abandoned")
# For work outside of any call; never set.
_NEVER = threading.Event()


class AbandonedError(Exception):
    """The call was cancelled, so nobody waits for the work."""


async def call_in_thread[**P, T](work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run work in a thread and return its result. If the caller is cancelled, the event of `abandoned` is set in the thread."""
    event = threading.Event()

    def run() -> T:
        _abandoned.set(event)
        return work(*args, **kwargs)

    try:
        return await asyncio.to_thread(run)
    except asyncio.CancelledError:
        event.set()
        raise


def abandoned() -> threading.Event:
    """Return the event that is set when nobody waits for the work of this thread."""
    return _abandoned.get(_NEVER)
