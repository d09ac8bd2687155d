"""Reading files for a stream: in a thread, and one step ahead of what is being sent."""

import asyncio
from collections.abc import AsyncGenerator, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

# Streams read in threads of their own: however many there are, a list does not wait behind them.
_READERS = ThreadPoolExecutor(4, "stream")
# How many streams may wait for clients that do not read. Each holds about ten megabytes of rows.
MOST_UNREAD = 32


async def read_ahead[T](parts: Generator[T, None, None]) -> AsyncGenerator[T, None]:
    """The items of a generator that blocks.

    One is made while the one before it is sent; the transport's backpressure stops it there. Leaving the iteration closes the
    generator. Where more than MOST_UNREAD streams wait for their clients, the one that has waited the longest is cancelled.
    """
    reading = _READERS.submit(next, parts, None)
    try:
        # Shielded: who is cancelled while he waits still has to wait for the thread before the generator can be closed.
        while (part := await asyncio.shield(_awaited(reading))) is not None:
            reading = _READERS.submit(next, parts, None)
            with _UNREAD.waiting():
                yield part
    finally:
        await _ended(reading)
        await asyncio.to_thread(parts.close)


class _Unread:
    """The tasks of the streams whose last part has not been taken yet, the one that has waited the longest in front."""

    def __init__(self) -> None:
        self._tasks: dict[asyncio.Task[Any], None] = {}

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Counts the current task, and cancels the first one where there are too many."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks[task] = None
        if len(self._tasks) > MOST_UNREAD:
            longest = next(iter(self._tasks))
            del self._tasks[longest]
            longest.cancel()
        try:
            yield
        finally:
            self._tasks.pop(task, None)


_UNREAD = _Unread()


async def _ended(reading: "Future[Any]") -> None:
    """Waits until a thread has ended what it reads, unless none has begun."""
    if not reading.cancel():
        await asyncio.wait([_awaited(reading)])


def _awaited(reading: "Future[Any]") -> "asyncio.Future[Any]":
    """Makes a read awaitable. Its exception may meet nobody: who has hung up is not told of it, nor is the log."""
    awaited = asyncio.wrap_future(reading)
    awaited.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
    return awaited
