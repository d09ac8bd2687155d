"""Read the parts of a stream in a thread, one part ahead of the part that is sent."""

import asyncio
from collections.abc import AsyncGenerator, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

# A separate thread pool: other calls never wait behind streams, however many there are.
_READERS = ThreadPoolExecutor(4, "stream")
# Most streams that may wait for clients that do not read. Each holds about ten megabytes of rows.
MOST_UNREAD = 32


async def read_ahead[T](parts: Generator[T, None, None]) -> AsyncGenerator[T, None]:
    """Yield the items of a blocking generator.

    The next item is made while the current one is sent. Then backpressure of the transport stops the generator. Leaving the
    iteration closes the generator. If more than MOST_UNREAD streams wait for their clients, the one that has waited longest is
    cancelled.
    """
    reading = _READERS.submit(next, parts, None)
    try:
        # Shielded: a cancelled caller must still wait for the thread before it can close the generator.
        while (part := await asyncio.shield(_awaited(reading))) is not None:
            reading = _READERS.submit(next, parts, None)
            with _UNREAD.waiting():
                yield part
    finally:
        await _ended(reading)
        await asyncio.to_thread(parts.close)


class _Unread:
    """The tasks of streams whose last part the client has not read yet, longest waiting first."""

    def __init__(self) -> None:
        self._tasks: dict[asyncio.Task[Any], None] = {}

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Count the current task as waiting, and cancel the first one if there are too many."""
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
    """Wait until a thread has finished reading, unless it has not begun."""
    if not reading.cancel():
        await asyncio.wait([_awaited(reading)])


def _awaited(reading: "Future[Any]") -> "asyncio.Future[Any]":
    """Make a read awaitable. If the caller has hung up, its exception is dropped without a log entry."""
    awaited = asyncio.wrap_future(reading)
    awaited.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
    return awaited
