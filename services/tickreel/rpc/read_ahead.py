"""Reading files for a stream: in a thread, and one step ahead of what is being sent."""

import asyncio
from collections.abc import AsyncIterator, Generator


async def read_ahead[T](parts: Generator[T, None, None]) -> AsyncIterator[T]:
    """The items of a generator that blocks.

    One is made while the one before it is sent; the transport's backpressure stops it there. Leaving the iteration closes the
    generator.
    """
    reading = asyncio.create_task(asyncio.to_thread(next, parts, None))
    try:
        # Shielded: who is cancelled while he waits still has to wait for the thread before the generator can be closed.
        while (part := await asyncio.shield(reading)) is not None:
            reading = asyncio.create_task(asyncio.to_thread(next, parts, None))
            yield part
    finally:
        await asyncio.wait([reading])
        await asyncio.to_thread(parts.close)
