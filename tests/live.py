"""Services on a thread of their own, for callers that block."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any


@contextmanager
def live[T](services: Callable[[], AbstractAsyncContextManager[T]]) -> Iterator[T]:
    """What the services are entered as, while they serve in an event loop beside this thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="services")
    thread.start()

    def wait_for(work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(timeout=60)

    serving = services()
    try:
        entered = wait_for(serving.__aenter__())
        try:
            yield entered
        finally:
            wait_for(serving.__aexit__(None, None, None))
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
